"""Where a build keeps its files.

OUT/corpus.json                      the summary, written last: without it there is no corpus here
OUT/casino/train-00000.parquet       one folder per source; the number is that of the part
OUT/rejects/casino-00000.parquet     what was left out, each row with its reason
OUT/.begun.json                      which build this folder belongs to
OUT/.build/parts/casino-00000-KEY/   what was read of a part: the next build reads only what is new or different
OUT/.build/                          the rest is what passes from step to step; gone when the build is done
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from odyssim.corpus.build.parts import Part
from odyssim.corpus.summary import REJECTS_FOLDER, SUMMARY_FILE


@dataclass(frozen=True)
class Layout:
    """Paths of one build; `task` numbers its parts, over all sources, and `keys` are their names below `parts`."""

    out: Path
    keys: tuple[str, ...]

    @property
    def summary(self) -> Path:
        return self.out / SUMMARY_FILE

    @property
    def begun(self) -> Path:
        return self.out / ".begun.json"

    @property
    def work(self) -> Path:
        return self.out / ".build"

    @property
    def steps(self) -> Path:
        """Logs and markers of the executors."""
        return self.work / "steps"

    @property
    def overlap_index(self) -> Path:
        return self.work / "overlap"

    @property
    def minhash(self) -> Path:
        return self.work / "minhash"

    def file(self, part: Part, split: str) -> str:
        """A corpus file, relative to OUT."""
        return f"{part.id}/{split}-{part.number:05d}.parquet"

    def rejects(self, part: Part) -> Path:
        return self.out / REJECTS_FOLDER / f"{part.id}-{part.number:05d}.parquet"

    @property
    def parts(self) -> Path:
        return self.work / "parts"

    def part(self, task: int) -> Path:
        """The folder of all that reading a part leaves behind."""
        return self.parts / self.keys[task]

    def progress(self, task: int) -> Path:
        """How many interactions the reading step has handed on so far."""
        return self.part(task) / "progress"

    def read(self, task: int) -> Path:
        return self.part(task) / "read.parquet"

    def refused(self, task: int) -> Path:
        """Rejects of the reading step."""
        return self.part(task) / "refused.parquet"

    def read_report(self, task: int) -> Path:
        return self.part(task) / "report.json"

    def hashes(self, task: int) -> Path:
        return self.part(task) / "hashes.npy"

    def signatures(self, task: int) -> Path:
        """MinHash signatures, a folder per bucket."""
        return self.part(task) / "signatures"

    def whole(self, task: int) -> Path:
        """Written last: the part was read without failure, and nothing of the above is missing."""
        return self.part(task) / "whole"

    def copies(self, task: int) -> Path:
        return self.work / "copies" / f"{task:05d}.npy"

    def near_copies(self, task: int) -> Path:
        return self.work / "near-copies" / f"{task:05d}.npy"

    def finish_report(self, task: int) -> Path:
        return self.work / "finished" / f"{task:05d}.json"
