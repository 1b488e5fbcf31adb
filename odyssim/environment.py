"""What a run ran on, and with which code: recorded in every result, never a path or a key."""

from __future__ import annotations

import hashlib
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from odyssim import __version__
from odyssim.types import Json

_PACKAGES = ("torch", "transformers", "accelerate", "trl", "inspect-ai", "openai", "pydantic", "numpy", "tokenizers")


def _code_hash() -> str:
    """12 hex digits over all modules of the package: tells a changed checkout from the release of the same version."""
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for module in sorted(package.rglob("*.py")):
        digest.update(f"{module.relative_to(package)}\n".encode() + module.read_bytes())
    return digest.hexdigest()[:12]


def environment() -> Json:
    """Version and hash of our code, Python, platform, cores, and versions of packages that can change a result."""
    packages = {}
    for package in _PACKAGES:
        try:
            packages[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "odyssim": __version__,
        "code": _code_hash(),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "packages": packages,
    }
