"""The second verb: a corpus becomes packed rows, its files tokenised and its shards written by any number of workers.

OUT/documents/casino/train-00000/     the tokens of each corpus file, for any mixture
OUT/train/  OUT/validation/           shards of rows, as `odyssim.corpus.shards` describes them
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from odyssim.corpus.build.config import ExecutorConfig
from odyssim.corpus.build.executor import Step, run_steps
from odyssim.corpus.chatml import ChatML
from odyssim.corpus.documents import DocumentStore
from odyssim.corpus.mix import EVERYTHING_ONCE, MixConfig
from odyssim.corpus.pack import SHARD_TOKENS, Packing
from odyssim.corpus.shards import ShardIndex
from odyssim.corpus.sources.base import SPLITS
from odyssim.corpus.summary import CorpusFile, read_summary
from odyssim.corpus.tokenise import tokenise_file
from odyssim.corpus.tokenizer import load_tokenizer
from odyssim.progress import Progress, Silent
from odyssim.settings import Settings

_HERE: Final = ExecutorConfig()


class PackSettings(Settings):
    """Rows of `seq_len` tokens; `mix` is what an `epoch` of training draws, validation is everything once.

    `shard_tokens` is about how many tokens a shard holds.
    """

    seq_len: int
    mix: MixConfig = EVERYTHING_ONCE
    seed: int = 0
    epoch: int = 0
    shard_tokens: int = SHARD_TOKENS


def pack_corpus(
    corpus: Path,
    tokenizer: Path,
    out: Path,
    settings: PackSettings,
    *,
    documents: Path | None = None,
    executor: ExecutorConfig = _HERE,
    progress: Progress = Silent(),
) -> dict[str, ShardIndex] | None:
    """Pack the corpus folder `corpus` with the tokenizer in the folder `tokenizer` into `out`; the index per split.

    `documents` is where the tokens of each file are kept (OUT/documents by default): other settings reuse them. The
    same input gives the same bytes on every executor; what is done is kept. None if work was handed to Slurm: call
    again when its jobs are done, until there is a result. Raises as `Packing` does, `DataError` if `corpus` is not
    complete, `StorageError` if writing fails, `WorkerDied` if a worker is killed.
    """
    corpus, tokenizer, out = corpus.absolute(), tokenizer.absolute(), out.absolute()
    summary = read_summary(corpus)
    chatml = ChatML(load_tokenizer(tokenizer))
    stored = documents.absolute() if documents else out / "documents"
    contents = [[file.path, file.sha256] for file in summary.files]
    decides = [contents, chatml.fingerprint, settings.model_dump(mode="json")]
    work = out / ".build" / hashlib.sha256(json.dumps(decides).encode()).hexdigest()[:16]
    tokenising = TokeniseFile(corpus, summary.files, tokenizer, stored, settings.seq_len)
    if not run_steps([Step("tokenise", [tokenising], len(summary.files))], work, executor, progress):
        return None
    packings = {
        split: WriteShard(
            tuple((stored / file.path).with_suffix("") for file in summary.files if file.split == split),
            out / split,
            split,
            settings,
        )
        for split in SPLITS
        if any(file.split == split for file in summary.files)
    }
    steps = [Step(f"pack-{split}", [packing], packing.packing.shards) for split, packing in packings.items()]
    if not run_steps(steps, work, executor, progress):
        return None
    indices: dict[str, ShardIndex] = {split: packing.packing.finish(packing.out) for split, packing in packings.items()}
    shutil.rmtree(work.parent)
    return indices


@dataclass(frozen=True)
class TokeniseFile:
    """Called by an executor for corpus file `rank`."""

    corpus: Path
    files: tuple[CorpusFile, ...]
    tokenizer: Path
    out: Path
    max_tokens: int

    def __call__(self, data: object, rank: int, world_size: int) -> None:
        chatml = ChatML(load_tokenizer(self.tokenizer))
        tokenise_file(self.corpus, self.files[rank], self.out, chatml=chatml, max_tokens=self.max_tokens)


@dataclass(frozen=True)
class WriteShard:
    """Called by an executor for shard `rank` of a split."""

    stores: tuple[Path, ...]
    out: Path
    split: str
    settings: PackSettings

    def __call__(self, data: object, rank: int, world_size: int) -> None:
        self.packing.write(rank, self.out)

    @property
    def packing(self) -> Packing:
        """The packing that all shards of the split belong to."""
        training = self.split == "train"
        return Packing(
            [DocumentStore(path) for path in self.stores],
            seq_len=self.settings.seq_len,
            seed=self.settings.seed,
            mix=self.settings.mix if training else EVERYTHING_ONCE,
            epoch=self.settings.epoch if training else 0,
            shard_tokens=self.settings.shard_tokens,
        )
