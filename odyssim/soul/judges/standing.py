"""How a judge stands when it is relied on: checked and found good, found bad, or not checked."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import ValidationError

from odyssim.errors import DataError
from odyssim.soul.judges.calibration import SET_VERSION
from odyssim.soul.judges.result import JudgeCheck, check_file
from odyssim.types import Record

JUDGE_CHECKS: Final = Path("runs/judges")
"""Where `odyssim judge check` leaves its results, unless told otherwise."""


class Standing(Record):
    """How a judge stands: its check, if there was one."""

    judge: str
    check: JudgeCheck | None

    @property
    def warning(self) -> str:
        """One sentence for whoever relies on the judge; empty if it was checked and did well."""
        if self.check is None:
            return (
                f"The judge {self.judge} was not checked against calibration set {SET_VERSION}: "
                "odyssim judge check --judge MODEL says how far it can be trusted."
            )
        if not self.check.concerns:
            return ""
        return f"The judge {self.judge} did badly when it was checked: {'; '.join(self.check.concerns)}."


def judge_standing(folder: Path, judge: str) -> Standing:
    """How the judge with this model name stands, by the checks below `folder` with the present calibration set.

    Raises `DataError` for a result file that cannot be read.
    """
    path = check_file(folder, judge, SET_VERSION)
    if not path.is_file():
        return Standing(judge=judge, check=None)
    try:
        return Standing(judge=judge, check=JudgeCheck.model_validate_json(path.read_bytes()))
    except ValidationError as error:
        raise DataError("not the result of a check", path=path, hint="check again: odyssim judge check") from error
