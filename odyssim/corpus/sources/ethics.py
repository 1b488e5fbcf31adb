"""ETHICS (Hendrycks et al., ICLR 2021): everyday moral judgements of crowd workers.

Layout: CSV files by part. Each part asks something else about its scenarios; the questions are worded here:

    commonsense     label,input,is_short,edited     1,I tripped my neighbour.             is that clearly wrong? (1 yes)
    justice         label,scenario                  0,I deserve a car because I smile.    is that reasonable? (1 yes)
    deontology      label,scenario,excuse           1,Could you cook?,But we ate.         does it make sense?
    virtue          label,scenario                  0,Ann ran off. [SEP] brave            does the word fit?
    utilitarianism  no header                       I found a coin.,I lost a coin.        the first is the more pleasant

Long inputs of commonsense are posts of people who ask strangers for judgement: a title, a bar, the post. The people who
wrote the scenarios are not imitated, only those who judge.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final, Literal

from pydantic import Field

from odyssim.corpus.roles import RoleFamily
from odyssim.corpus.sources.base import ReadReport, SourceCard, SourceReader
from odyssim.corpus.sources.exam import exam
from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.sources.records import UpstreamRecord, csv_records
from odyssim.types import Axis, Interaction, derive_seed

_Label = Literal["0", "1"]


class _Judged(UpstreamRecord, ABC):
    """A row of one part."""

    @abstractmethod
    def posed(self) -> tuple[str, str]:
        """The scenario with a question about it, and the judge's answer."""


class _Commonsense(_Judged):
    label: _Label
    input: str
    is_short: Literal["True", "False"]

    def posed(self) -> tuple[str, str]:
        answer = "Yes, that's wrong." if self.label == "1" else "No, nothing wrong with that."
        told = self.input if self.is_short == "True" else self.input.replace(" | ", "\n\n", 1)
        return f"{told.strip()}\n\nIs what the writer did clearly wrong?", answer


class _Justice(_Judged):
    label: _Label
    scenario: str

    def posed(self) -> tuple[str, str]:
        answer = "Yes, that's reasonable." if self.label == "1" else "No, that's not reasonable."
        return f"{self.scenario.strip()}\n\nIs that reasonable?", answer


class _Deontology(_Judged):
    label: _Label
    scenario: str
    excuse: str

    def posed(self) -> tuple[str, str]:
        answer = "Yes, that makes sense." if self.label == "1" else "No, that doesn't make sense."
        lines = f"{self.scenario.strip()}\n{self.excuse.strip()}"
        return f"{lines}\n\nGiven the first line, is the second one reasonable?", answer


class _Virtue(_Judged):
    label: _Label
    scenario: str = Field(pattern=r"\[SEP\]")

    def posed(self) -> tuple[str, str]:
        scene, _, trait = self.scenario.partition("[SEP]")
        answer = "Yes, it fits." if self.label == "1" else "No, it doesn't fit."
        return f'{scene.strip()}\n\nDoes the word "{trait.strip()}" fit how the person acts here?', answer


class _Utilitarianism(_Judged):
    better: str
    worse: str

    def posed(self) -> tuple[str, str]:
        swapped = bool(derive_seed(0, self.better, self.worse) % 2)
        first, second = (self.worse, self.better) if swapped else (self.better, self.worse)
        lines = f"First: {first.strip()}\nSecond: {second.strip()}"
        answer = "The second." if swapped else "The first."
        return f"{lines}\n\nWhich of the two is more pleasant for the one it happens to?", answer


_SHAPES: Final[dict[str, type[_Judged]]] = {
    "commonsense": _Commonsense,
    "deontology": _Deontology,
    "justice": _Justice,
    "utilitarianism": _Utilitarianism,
    "virtue": _Virtue,
}
_HEADERS: Final = {"utilitarianism": ("better", "worse")}


class Ethics(SourceReader):
    """The judge is imitated: the judgement is a person's, its words are ours."""

    card = SourceCard(
        id="ethics",
        title="ETHICS: moral judgements of everyday scenes",
        axes=(Axis.COG,),
        licence="MIT",
        citation="Hendrycks et al., ICLR 2021",
        url="https://github.com/hendrycks/ethics",
        files=tuple(f"data/ethics/{part}/*.csv" for part in _SHAPES),
        human="Crowd workers, and strangers on Reddit, who judge a scene; contains offensive text.",
        role_rule=RoleFamily.NO_SWAP,
        columns=("label", "input", "scenario", "excuse"),
        rows_upstream=130_000,
        imitated=("respondent",),
        synthetic=True,
        templated=True,
        interactions=59_923,
    )

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        for file in files.match(*self.card.files):
            path = PurePosixPath(file.name)
            part = path.parent.name
            records = csv_records(file, _SHAPES[part], report, header=_HEADERS.get(part))
            for number, (place, row) in enumerate(records, start=1):
                yield from self.emit(
                    exam(*row.posed()),
                    None,
                    report,
                    axis=Axis.COG,
                    split="train" if path.stem.endswith("_train") else "validation",
                    original_id=f"{path.stem}-{number}",
                    place=place,
                )
