"""The command line answers at once: `--help` loads nothing heavy and takes at most 1.5 s."""

from __future__ import annotations

import subprocess
import sys
import time

LIMIT_S = 1.5
HEAVY = ("torch", "transformers", "inspect_ai", "matplotlib")

LOADED_BY_HELP = f"""
import runpy, sys
sys.argv = ["odyssim", "--help"]
try:
    runpy.run_module("odyssim.cli.main", run_name="__main__")
except SystemExit as stop:
    assert not stop.code, stop.code
sys.stderr.write(" ".join(name for name in {HEAVY} if name in sys.modules))
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True, timeout=60)


def seconds_of_help() -> float:
    start = time.perf_counter()
    run("-m", "odyssim.cli.main", "--help")
    return time.perf_counter() - start


def test_help_is_help_and_loads_nothing_heavy() -> None:
    done = run("-c", LOADED_BY_HELP)
    assert "Usage" in done.stdout
    assert done.stderr == ""


def test_help_is_fast() -> None:
    # The best of three: the other two may have paid for a cold disk or a busy machine.
    assert min(seconds_of_help() for _ in range(3)) <= LIMIT_S
