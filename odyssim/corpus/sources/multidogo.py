"""MultiDoGO (Peskov et al., EMNLP 2019): crowd customers write to the service chats of several trades.

Layout: quoted TSV files below `data/paper_splits/`, one row per annotated utterance of a customer, at two levels:

    splits_annotated_at_turn_level/airline/dev.tsv        conversationId turnNumber utteranceId utterance ... intent
    splits_annotated_at_sentence_level/airline/train.tsv  ... the same, and sentenceNumber

    b1f2...  0  0  <CONV>b1f2...<TURN>0<SENT>0  hi there                 O O          openinggreeting
    b1f2...  2  0  <CONV>b1f2...<TURN>2<SENT>0  can you send my pass     O O O O O    getboardingpass

The agent's turns are not listed anywhere, and the text comes without capitals and punctuation. The sentences of a turn
are joined. Both levels annotate the same pool: a conversation of a turn-level `dev` file stays there, where it is
whole, and its copy in a sentence-level `train` file is skipped (so the ids of the first are held in memory). What the
customer wants is put together from the intents of the utterances.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from pydantic import Field

from odyssim.corpus.sources.base import ReadReport, SourceCard, SourceReader, Split
from odyssim.corpus.sources.files import RawFile, RawFiles
from odyssim.corpus.sources.records import UpstreamRecord, csv_records
from odyssim.corpus.sources.unsaid import unsaid
from odyssim.types import Axis, Interaction, SocialContext, Turn

_WHOLE = "data/paper_splits/splits_annotated_at_turn_level/*/dev.tsv"
_BY_SENTENCE = "data/paper_splits/splits_annotated_at_sentence_level/*/train.tsv"

_TRADES = {"airline": "an airline", "fastfood": "a fast-food restaurant", "insurance": "an insurance company"}
_ERRANDS = {
    "bookflight": "book a flight",
    "changeseatassignment": "change seats",
    "getboardingpass": "get the boarding pass",
    "getseatinfo": "find out about the seat",
    "orderbreakfastintent": "order breakfast",
    "orderburgerintent": "order a burger",
    "orderdessertintent": "order dessert",
    "orderdrinkintent": "order something to drink",
    "orderpizzaintent": "order pizza",
    "ordersaladintent": "order salad",
    "ordersideintent": "order a side dish",
    "checkclaimstatus": "ask how a claim is coming along",
    "getproofofinsurance": "get a proof of insurance",
    "reportbrokenphone": "report a broken phone",
}


class _Row(UpstreamRecord):
    conversation: str = Field(alias="conversationId")
    turn: int = Field(alias="turnNumber")
    text: str = Field(alias="utterance")
    intent: str


class MultiDoGo(SourceReader):
    """The customer is imitated, and nobody else is on record."""

    card = SourceCard(
        id="multidogo",
        title="MultiDoGO: customers of an airline, a fast-food restaurant, an insurance company",
        axes=(Axis.CONV,),
        licence="CDLA-Permissive-1.0",
        citation="Peskov et al., EMNLP 2019",
        url="https://github.com/awslabs/multi-domain-goal-oriented-dialogues-dataset",
        files=(_WHOLE, _BY_SENTENCE),
        human="Crowd workers play customers; only their turns are published, the agent's are absent.",
        columns=("conversationId", "turnNumber", "utterance", "intent"),
        rows_upstream=15_000,
        imitated=("customer",),
        interactions=4_672 + 478,
    )

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        whole: set[str] = set()
        for file in files.match(_WHOLE):
            for place, conversation, rows in _conversations(file, report):
                whole.add(conversation)
                yield from self._customer(file, rows, report, "validation", place)
        for file in files.match(_BY_SENTENCE):
            for place, conversation, rows in _conversations(file, report):
                if conversation in whole:
                    report.skip("a copy of a conversation of a turn-level dev file", place)
                else:
                    yield from self._customer(file, rows, report, "train", place)

    def _customer(
        self, file: RawFile, rows: Sequence[_Row], report: ReadReport, split: Split, place: str
    ) -> Iterator[Interaction]:
        by_turn = groupby(sorted(rows, key=lambda row: row.turn), key=lambda row: row.turn)
        turns = [
            Turn(
                speaker="customer",
                text=" ".join(word for row in sentences for word in row.text.split()),
                human=True,
                train=True,
            )
            for _, sentences in by_turn
        ]
        yield from self.emit(
            turns,
            _context(file.name.split("/")[-2], rows, turns),
            report,
            axis=Axis.CONV,
            split=split,
            original_id=rows[0].conversation,
            place=place,
        )


def _conversations(file: RawFile, report: ReadReport) -> Iterator[tuple[str, str, list[_Row]]]:
    """The rows of each conversation, with its place and id: they stand together, in order of their sentences."""
    records = csv_records(file, _Row, report, delimiter="\t")
    for conversation, group in groupby(records, key=lambda placed: placed[1].conversation):
        places, rows = zip(*group, strict=True)
        yield places[0], conversation, list(rows)


def _context(trade: str, rows: Sequence[_Row], turns: Sequence[Turn]) -> SocialContext:
    intents = dict.fromkeys(intent for row in rows for intent in row.intent.split("<div>"))
    scenario = (
        f"A customer writes to the service chat of {_TRADES.get(trade, f'a {trade} company')}. "
        "What the agent answers is not on record."
    )
    wishes = (_ERRANDS[intent] for intent in intents if intent in _ERRANDS)
    errands = unsaid(wishes, turns, "customer", beside=scenario)
    return SocialContext(
        scenario=scenario, goals={"customer": f"Your errand: {'; '.join(errands)}."} if errands else {}
    )
