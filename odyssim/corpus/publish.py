"""Interactions as rows of the published layout, so that the published trainer can learn from any corpus of ours."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Final

from odyssim.corpus.render import messages_before
from odyssim.corpus.roles import FAMILIES, SWAPPED, UNSWAPPED, published_name
from odyssim.errors import UsageError
from odyssim.storage import writing
from odyssim.types import Interaction, Json, Message

_ROWS_PER_GROUP: Final = 1024


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
