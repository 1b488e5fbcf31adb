"""`odyssim doctor`: is this machine, installation and endpoint fit for use, and if not, which command helps?"""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from enum import StrEnum
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from rich.console import Console
from rich.text import Text

from odyssim.cli.endpoint import list_models, shown_address
from odyssim.errors import OdysSimError, TruncatedThought
from odyssim.types import Message, Record, Sampling

MODEL_TIMEOUT_S = 60.0
EXTRAS = ("train", "serve", "vllm", "dev")
VARIABLES = (
    "ODYSSIM_DATA",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "ANTHROPIC_API_KEY",
    "GOOGLE_API_KEY",
    "OPENROUTER_API_KEY",
    "HF_TOKEN",
    "HF_HUB_OFFLINE",
)
_SHOWN_MODELS = 8
_FIRST_WORDS = Sampling(max_tokens=8)
_GIB = 2**30


class Status(StrEnum):
    """How a check went. A NOTE limits what can be done; BROKEN needs repair before anything else."""

    OK = "ok"
    NOTE = "note"
    BROKEN = "broken"


class Check(Record):
    """One thing that was looked at; `hint` is the command or setting that helps."""

    name: str
    status: Status = Status.OK
    detail: str
    hint: str = ""


class DoctorReport(Record):
    """All checks, in the order in which they are shown."""

    checks: tuple[Check, ...]

    @property
    def broken(self) -> bool:
        """Something required needs repair."""
        return any(check.status is Status.BROKEN for check in self.checks)


def doctor(*, base_url: str | None, model: str | None) -> DoctorReport:
    """Look at the machine, the packages, the settings, and at the endpoint and model if there are any.

    `base_url` (default $OPENAI_BASE_URL) is asked for its models, `model` (a name for `load_model`) for a few tokens.
    Every failure is a check of the report; nothing is raised for one.
    """
    checks = [*_machine(), *_packages(), _data(), _variables()]
    if address := base_url or os.environ.get("OPENAI_BASE_URL"):
        checks.append(_endpoint(address))
    if model:
        checks.append(_model(model, base_url))
    return DoctorReport(checks=tuple(checks))


def render(report: DoctorReport, console: Console) -> None:
    """Print the report: one line per check, and below it what helps."""
    marks = {Status.OK: ("✓", "green"), Status.NOTE: ("·", "yellow"), Status.BROKEN: ("✗", "bold red")}
    width = max(len(check.name) for check in report.checks)
    for check in report.checks:
        mark, style = marks[check.status]
        line = Text.assemble((mark, style), f" {check.name:<{width}}  ", check.detail)
        console.print(line, soft_wrap=True)
        if check.hint:
            console.print(Text(f"  {'':<{width}}  → {check.hint}", style="dim"), soft_wrap=True)


# --- the machine ------------------------------------------------------------------------------------------------


def _machine() -> Iterator[Check]:
    supported = (3, 11) <= sys.version_info[:2] <= (3, 13)
    yield Check(
        name="python",
        status=Status.OK if supported else Status.BROKEN,
        detail=f"{platform.python_version()} ({sys.executable})",
        hint="" if supported else "use Python 3.11, 3.12 or 3.13",
    )
    yield Check(name="platform", detail=platform.platform())
    yield Check(name="cores", detail=str(_usable_cores()))
    yield Check(name="memory", detail=_memory())
    yield Check(name="disk", detail=f"{shutil.disk_usage(Path.cwd()).free / _GIB:.0f} GiB free in {Path.cwd()}")
    yield _gpu()


def _usable_cores() -> int:
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory() -> str:
    names = getattr(os, "sysconf_names", {})
    if not {"SC_PAGE_SIZE", "SC_PHYS_PAGES"} <= names.keys():
        return "unknown on this platform"
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / _GIB:.0f} GiB"


def _gpu() -> Check:
    """What the driver reports; torch itself is not loaded, its build is read from the installed version."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return Check(name="gpu", detail="no NVIDIA driver found: models run on the CPU")
    query = [program, "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        return Check(
            name="gpu", status=Status.NOTE, detail=f"nvidia-smi failed: {error}", hint="check the NVIDIA driver"
        )
    gpus = "; ".join(done.stdout.strip().splitlines())
    if (_installed_version("torch") or "").endswith("+cpu"):
        return Check(
            name="gpu",
            status=Status.NOTE,
            detail=f"{gpus}, unused: torch is a CPU build",
            hint="pip install --force-reinstall torch, from the index for your CUDA version",
        )
    return Check(name="gpu", detail=gpus)


# --- the packages -----------------------------------------------------------------------------------------------


def _packages() -> Iterator[Check]:
    """The required packages, then each extra: complete, or what is missing and the command that installs it."""
    try:
        declared = [Requirement(line) for line in metadata.requires("odyssim") or ()]
    except metadata.PackageNotFoundError:
        yield Check(
            name="packages",
            status=Status.BROKEN,
            detail=f"odyssim is imported from {Path(__file__).parents[1]} but not installed",
            hint="pip install --editable . in the checkout",
        )
        return
    core = [requirement for requirement in declared if _applies(requirement, extra="")]
    yield _installation("packages", core, Status.BROKEN, "pip install odyssim")
    for extra in EXTRAS:
        added = [item for item in declared if _applies(item, extra=extra) and not _applies(item, extra="")]
        yield _installation(f"[{extra}]", added, Status.NOTE, f"pip install 'odyssim[{extra}]'")


def _installation(name: str, requirements: list[Requirement], if_lacking: Status, command: str) -> Check:
    lacking = [complaint for requirement in requirements for complaint in _lacking(requirement)]
    if lacking:
        return Check(name=name, status=if_lacking, detail=", ".join(lacking), hint=command)
    return Check(name=name, detail=", ".join(f"{item.name} {_installed_version(item.name)}" for item in requirements))


def _lacking(requirement: Requirement) -> Iterator[str]:
    """What stands between this environment and `requirement`, with the packages its extras ask for."""
    version = _installed_version(requirement.name)
    if version is None:
        yield f"{requirement.name} is missing"
    elif not requirement.specifier.contains(version, prereleases=True):
        yield f"{requirement.name} {version} is not {requirement.specifier}"
    else:
        declared = [Requirement(line) for line in metadata.requires(requirement.name) or ()]
        for extra in requirement.extras:
            for item in declared:
                if _applies(item, extra=extra) and not _applies(item, extra=""):
                    yield from _lacking(item)


def _applies(requirement: Requirement, *, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _installed_version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


# --- the settings -----------------------------------------------------------------------------------------------


def _data() -> Check:
    given = os.environ.get("ODYSSIM_DATA")
    if not given:
        return Check(
            name="data",
            status=Status.NOTE,
            detail="no datasets set: the synthetic village is available",
            hint="export ODYSSIM_DATA=FOLDER, with corpus/ and bench/ inside",
        )
    absent = [name for name in ("corpus", "bench") if not (Path(given) / name).is_dir()]
    if absent:
        return Check(
            name="data",
            status=Status.BROKEN,
            detail=f"{given} (from ODYSSIM_DATA) has no folder {' and no folder '.join(absent)}",
            hint="export ODYSSIM_DATA=FOLDER, with corpus/ and bench/ inside, or unset it",
        )
    return Check(name="data", detail=given)


def _variables() -> Check:
    """Names only: a value may be a secret."""
    known = [name for name in VARIABLES if os.environ.get(name)]
    return Check(name="environment", detail=f"set: {', '.join(known)}" if known else f"unset: {', '.join(VARIABLES)}")


# --- the endpoint and the model ---------------------------------------------------------------------------------


def _endpoint(base_url: str) -> Check:
    try:
        models = list_models(base_url)
    except OdysSimError as error:
        return Check(name="endpoint", status=Status.BROKEN, detail=error.message, hint=error.hint)
    more = len(models) - _SHOWN_MODELS
    listing = ", ".join(models[:_SHOWN_MODELS]) + (f" and {more} more" if more > 0 else "")
    return Check(name="endpoint", detail=f"{shown_address(base_url)} serves {listing or 'no model'}")


def _model(name: str, base_url: str | None) -> Check:
    try:
        answer = asyncio.run(_first_words(name, base_url))
    except TruncatedThought:
        answer = f"nothing but a thought, cut off after {_FIRST_WORDS.max_tokens} tokens as asked"
    except OdysSimError as error:
        return Check(name="model", status=Status.BROKEN, detail=error.message, hint=error.hint)
    except TimeoutError:
        return Check(
            name="model",
            status=Status.BROKEN,
            detail=f"{name} does not answer within {MODEL_TIMEOUT_S:.0f} s.",
            hint="the server may still be loading its model: look at its log and try again",
        )
    return Check(name="model", detail=f"{name} answers {answer}")


async def _first_words(name: str, base_url: str | None) -> str:
    from odyssim.models.registry import load_model

    model = load_model(name, base_url=base_url)
    try:
        async with asyncio.timeout(MODEL_TIMEOUT_S):
            reply = await model.say([Message(role="user", content="Say hi.")], _FIRST_WORDS)
    finally:
        await model.aclose()
    return repr(reply.text)
