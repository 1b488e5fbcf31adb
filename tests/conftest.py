"""Shared fixtures. Tests marked `data` read the real datasets and skip loudly where those are absent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("shared", deadline=None)  # a busy machine is no defect
settings.load_profile("shared")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch loads: the test machines are shared


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder with `corpus/` and `bench/`: $ODYSSIM_DATA, or `shared/data` beside the checkout."""
    given = os.environ.get("ODYSSIM_DATA")
    root = Path(given) if given else Path(__file__).resolve().parents[2] / "shared" / "data"
    if not (root / "corpus").is_dir():
        pytest.skip(f"SKIPPED FOR LACK OF DATA: no corpus folder at {root} (set ODYSSIM_DATA)")
    return root
