"""Interactions as rows of the published layout, so that the published trainer can learn from any corpus of ours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Final

from odyssim.corpus.render import messages_before
from odyssim.corpus.roles import FAMILIES, SWAPPED, UNSWAPPED, RoleFamily, published_name
from odyssim.corpus.sources.base import SourceCard
from odyssim.corpus.store import read_interactions
from odyssim.corpus.summary import read_summary
from odyssim.errors import UsageError
from odyssim.storage import writing
from odyssim.types import Interaction, Json, Message

_ROWS_PER_GROUP: Final = 1024


_GENERIC: Final = {
    RoleFamily.HUMANUAL: "humanual",
    RoleFamily.EXPERIMENT: "experiment",
    RoleFamily.COSER: "coser",
    RoleFamily.NO_SWAP: "chat",
    RoleFamily.SOTOPIA: "sotopia",
    RoleFamily.CHAT: "chat",
}
"""The published name with the role rule of a family, for sources that have no published name; 'dialogue' for others."""


def export_corpus(corpus: Path, out: Path) -> dict[str, int]:
    """Write a corpus folder in the published layout: `out`/SOURCE/{train,test}_shard_NNN.parquet; rows by source.

    Each imitated speaker of an interaction gives one row, under the published name of the source or, if it has none,
    of its role rule. Raises `DataError` if there is no complete corpus, `StorageError` if writing fails.
    """
    summary = read_summary(corpus)
    names = {source.card.id: published_name_of(source.card) for source in summary.sources}
    counts: Counter[str] = Counter()
    shards: Counter[str] = Counter()
    for file in summary.files:
        kind = "train" if file.split == "train" else "test"
        path = out / file.source / f"{kind}_shard_{shards[f'{file.source}/{kind}']:03d}.parquet"
        shards[f"{file.source}/{kind}"] += 1
        rows = (
            published_row(interaction, speaker, names[file.source])
            for interaction in read_interactions(corpus / file.path)
            for speaker in interaction.imitated_speakers
        )
        counts[file.source] += write_published(rows, path)
    return dict(counts)


def published_name_of(card: SourceCard) -> str:
    """The `data_source` under which the published trainer treats rows of a source as its card says."""
    known = [name for name in (card.id, *card.aliases) if name in FAMILIES]
    return known[0] if known else _GENERIC.get(card.role_rule, "dialogue")


def published_row(interaction: Interaction, speaker: str, name: str) -> Json:
    """The interaction as a row of the data source `name` from which the published trainer learns to be `speaker`.

    The roles are those before the role rule. The system message, and the names in a company of more than two, are
    what `render` would write; turns after the speaker's last one are left out, since nothing learns from them.
    Raises `UnknownName` for a name that is not published, `UsageError` if `speaker` says nothing.
    """
    exact = published_name(name)
    own = [index for index, turn in enumerate(interaction.turns) if turn.speaker == speaker]
    if not own:
        speakers = ", ".join(sorted({turn.speaker for turn in interaction.turns}))
        raise UsageError(f"'{speaker}' says nothing in this interaction; its speakers are: {speakers}.")
    last = Message(role="assistant", content=interaction.turns[own[-1]].text)
    messages = [message.model_dump() for message in (*messages_before(interaction, own[-1]), last)]
    if FAMILIES[exact] not in UNSWAPPED:
        messages = [message | {"role": SWAPPED.get(message["role"], message["role"])} for message in messages]
    return {"messages": messages, "data_source": exact}


def write_published(rows: Iterable[Json], path: Path) -> int:
    """Write rows as one Parquet file, a row group at a time; returns how many there were.

    The file appears only when all of it is on disk. Raises `StorageError` if writing fails.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    message = pa.struct([pa.field("role", pa.string(), nullable=False), pa.field("content", pa.string())])
    schema = pa.schema(
        [
            pa.field("messages", pa.list_(message), nullable=False),
            pa.field("data_source", pa.string(), nullable=False),
        ]
    )
    partial = path.with_name(f".{path.name}.partial")
    remaining, count = iter(rows), 0
    try:
        with writing(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            writer = pq.ParquetWriter(partial, schema, compression="zstd")
        with writer:
            while group := list(islice(remaining, _ROWS_PER_GROUP)):
                with writing(path.parent):
                    writer.write_table(pa.Table.from_pylist(group, schema=schema))
                count += len(group)
        with writing(path.parent):
            partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return count
