"""What a run ran on: recorded in every result, never a path or a key."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version

from odyssim.types import Json

_PACKAGES = ("torch", "transformers", "accelerate", "trl", "inspect-ai", "openai", "pydantic", "numpy", "tokenizers")


def environment() -> Json:
    """Python, platform, core count, and the versions of the packages that can change a result."""
    packages = {}
    for package in _PACKAGES:
        try:
            packages[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "packages": packages,
    }
