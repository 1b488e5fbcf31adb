"""A small hub dataset of chats for the tests: its card, its rows, and the formats in which tables come."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from odyssim.corpus.sources.base import SourceCard
from odyssim.corpus.sources.hub import HubReader
from odyssim.corpus.sources.human_ai_chat import ModeratedChat
from odyssim.types import Axis


def card(hub: str = "", files: tuple[str, ...] = (), rows: int | None = None) -> SourceCard:
    return SourceCard(
        id="chats",
        title="Chats",
        axes=(Axis.CONV,),
        licence="unknown",
        citation="",
        url="https://example.org/chats",
        human="The user.",
        hub=hub,
        files=files,
        rows_upstream=rows,
    )


def chat(id: str, *texts: str | None) -> dict[str, Any]:
    sides = ("user", "assistant")
    return {
        "conversation_id": id,
        "conversation": [{"role": sides[n % 2], "content": text} for n, text in enumerate(texts)],
        "redacted": False,
    }


CHATS = [chat("c1", "hey", "Hello!", "bye"), chat("c2", "what's 2+2", "4")]
READER = HubReader(card(), ModeratedChat)


def parquet(rows: list[dict[str, Any]], *, group: int = 1000) -> bytes:
    content = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), content, row_group_size=group)
    return content.getvalue()


def jsonl(rows: list[dict[str, Any]]) -> bytes:
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


def zipped(name: str, content: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(name, content)
    return archive.getvalue()
