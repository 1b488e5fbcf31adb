"""`python -m tests.parity PATH [--json] [NAME...]`: how far the `reference` profile reproduces the vector files.

Exit code 0 only if every covered case passes; 1 otherwise, 2 for a wrong call.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tests.parity.runner import FileResult, run_file, vector_files


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.parity")
    parser.add_argument("path", type=Path, help="folder with vector files")
    parser.add_argument("names", nargs="*", help="file names, with or without .json; all by default")
    parser.add_argument("--json", action="store_true", help="print {file: {class: [passed, total]}}")
    arguments = parser.parse_intermixed_args()
    try:
        files = vector_files(arguments.path, arguments.names)
    except FileNotFoundError as error:
        parser.error(str(error))
    if not files:
        parser.error(f"no vector files in {arguments.path}")
    results = [run_file(path) for path in files]
    if arguments.json:
        print(json.dumps({result.name: result.table() for result in results}, indent=2))
    else:
        for result in results:
            _print(result)
    return 0 if all(result.clean for result in results) else 1


def _print(result: FileResult) -> None:
    classes = ", ".join(f"{name} {passed}/{total}" for name, (passed, total) in result.table().items())
    print(f"{result.name}: {classes or 'not covered'}")
    for difference in result.differences:
        print(f"    {difference}")
    for fn, cases in result.not_covered.items():
        print(f"    not covered: {fn} ({cases} cases)")


if __name__ == "__main__":
    sys.exit(main())
