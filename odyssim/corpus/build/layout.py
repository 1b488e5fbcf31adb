"""Where a build keeps its files.

OUT/corpus.json                      the summary, written last: without it there is no corpus here
OUT/casino/train-00000.parquet       one folder per source; the number is that of the part
OUT/rejects/casino-00000.parquet     what was left out, each row with its reason
OUT/.begun.json                      which build this folder belongs to
OUT/.build/                          what passes from step to step; gone when the build is done
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from odyssim.corpus.build.parts import Part
from odyssim.corpus.summary import REJECTS_FOLDER, SUMMARY_FILE


@dataclass(frozen=True)
class Layout:
    """Paths of one build; `task` numbers its parts, over all sources."""

    out: Path

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

    def progress(self, task: int) -> Path:
        """How many interactions the reading step has handed on so far."""
        return self.work / "progress" / f"{task:05d}"

    @property
    def overlap_index(self) -> Path:
        return self.work / "overlap"

    @property
    def benchmarks(self) -> Path:
        """What the overlap index holds."""
        return self.work / "benchmarks.json"

    @property
    def minhash(self) -> Path:
        return self.work / "minhash"

    def file(self, part: Part, split: str) -> str:
        """A corpus file, relative to OUT."""
        return f"{part.id}/{split}-{part.number:05d}.parquet"

    def rejects(self, part: Part) -> Path:
        return self.out / REJECTS_FOLDER / f"{part.id}-{part.number:05d}.parquet"

    def read(self, task: int) -> Path:
        return self.work / "read" / f"{task:05d}.parquet"

    def refused(self, task: int) -> Path:
        """Rejects of the reading step."""
        return self.work / "refused" / f"{task:05d}.parquet"

    def read_report(self, task: int) -> Path:
        return self.work / "read" / f"{task:05d}.json"

    def hashes(self, task: int) -> Path:
        return self.work / "hashes" / f"{task:05d}.npy"

    def copies(self, task: int) -> Path:
        return self.work / "copies" / f"{task:05d}.npy"

    def near_copies(self, task: int) -> Path:
        return self.work / "near-copies" / f"{task:05d}.npy"

    def finish_report(self, task: int) -> Path:
        return self.work / "finished" / f"{task:05d}.json"
