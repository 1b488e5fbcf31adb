"""Tests of the human-likeness measures, and where their reference values lie."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path

import pytest

from odyssim.types import Json


@cache
def reference_values() -> Json:
    """Stylometric values computed with independent libraries; skips loudly where the file is absent."""
    given = os.environ.get("ODYSSIM_PARITY")
    folder = Path(given) if given else Path(__file__).resolve().parents[3] / "shared" / "parity"
    path = folder / "stylometrics.json"
    if not path.is_file():
        pytest.skip(f"SKIPPED FOR LACK OF REFERENCE VALUES: no {path} (set ODYSSIM_PARITY)")
    values: Json = json.loads(path.read_text(encoding="utf-8"))
    return values
