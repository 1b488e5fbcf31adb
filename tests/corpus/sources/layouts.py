"""A small dataset as one value: its files by path."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

Layout = Mapping[str, object]
"""Text and bytes are written as they are, other values as JSON, lists in `.jsonl` files line by line."""


def write(folder: Path, layout: Layout) -> Path:
    for name, content in layout.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_encoded(name, content))
    return folder


def _encoded(name: str, content: object) -> bytes:
    if isinstance(content, bytes):
        return content
    if isinstance(content, str):
        return content.encode()
    if name.endswith(".jsonl") and isinstance(content, list):
        return "".join(json.dumps(record) + "\n" for record in content).encode()
    return json.dumps(content).encode()
