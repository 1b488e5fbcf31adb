"""A conversation as it is trained on: the context, who said what, and the tokens that carry loss highlighted."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from rich.console import Group, RenderableType
from rich.text import Text
from tokenizers import Tokenizer

from odyssim.corpus.chatml import ChatML
from odyssim.corpus.render import render
from odyssim.corpus.tokenizer import byte_tokenizer, load_tokenizer
from odyssim.errors import UnknownName
from odyssim.report.shown import NONE
from odyssim.types import Interaction

_WHOLE = 1 << 40
_TRAINED = "bold black on green"


def shown_interaction(interaction: Interaction, *, speaker: str | None, tokenizer: Path | None) -> RenderableType:
    """`interaction` rendered for `speaker` (by default the first imitated one) under a tokenizer (by default bytes).

    Raises `UnknownName` if nobody imitated is called so, `DataError` if there is no such tokenizer.
    """
    imitated = interaction.imitated_speakers
    if speaker is not None and speaker not in imitated:
        raise UnknownName("imitated speaker", speaker, list(imitated))
    source, context = interaction.source, interaction.context
    facts = {
        "from": f"{source.dataset}, {source.original_id}, {source.place}",
        "licence": source.licence,
        "split, axis, language": f"{source.split}, {interaction.axis}, {interaction.language or NONE}",
        "tags": ", ".join(interaction.tags) or NONE,
        "context": NONE if context is None else " ".join(filter(None, (context.author, context.model))),
        "imitated": ", ".join(imitated),
    }
    vocabulary = byte_tokenizer() if tokenizer is None else load_tokenizer(tokenizer)
    [documents] = list(render([interaction], ChatML(vocabulary), max_tokens=_WHOLE))
    number = imitated.index(speaker) if speaker else 0
    inside = slice(documents.starts[number], documents.starts[number + 1])
    ids, loss = documents.ids[inside], documents.loss[inside]
    unit = "bytes" if tokenizer is None else "tokens"
    return Group(
        *(Text.assemble((f"{name}: ", "dim"), fact) for name, fact in facts.items()),
        Text(),
        *_highlighted(ids.tolist(), loss.tolist(), vocabulary),
        Text(f"{imitated[number]}: {loss.sum():,} of {len(loss):,} {unit} are trained on.", style="dim"),
    )


def _highlighted(ids: list[int], loss: list[bool], tokenizer: Tokenizer) -> Iterator[Text]:
    text = Text()
    for trained, run in groupby(zip(ids, loss, strict=True), key=lambda pair: pair[1]):
        said = tokenizer.decode([token for token, _ in run], skip_special_tokens=False)
        text.append(said, style=_TRAINED if trained else "")
    yield text
