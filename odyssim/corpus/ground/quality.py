"""How good written contexts are, on a scale from another dialogue's context to the dataset's own.

Specificity: can a matcher pick the context of a conversation among ten, its own and nine of the same source? Contexts
that came with the data give the ceiling, contexts of other conversations the floor, and a writer's place is where it
stands between them. A context that quotes its conversation would be picked for the quote; so every rate is given a
second time with all 4-grams that a context shares with the conversation taken out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from itertools import chain
from operator import itemgetter
from typing import Final

from odyssim.corpus.ground.diversity import Diversity, diversity
from odyssim.corpus.ground.ground import GroundReport
from odyssim.corpus.ground.matchers import Matcher, TfidfMatcher
from odyssim.corpus.ground.planted import planted_leaks
from odyssim.corpus.ground.rules import Fault, brought_along, fields_of, row_texts, violations
from odyssim.corpus.ground.specificity import CANDIDATES, VIEWS, Conversation, Place, Rate, View, place, trials
from odyssim.corpus.leak import MAX_LEAK, leak_share
from odyssim.errors import DataError
from odyssim.types import Interaction, Record, SocialContext, derive_seed

NATIVE: Final = "the dataset"
"""The writer of the contexts that came with the data."""


class Specificity(Record):
    """In one view of the contexts: the rate of right picks, by source too, and the place between floor and ceiling.

    `place` is none where floor and ceiling do not differ clearly: then there is no scale.
    """

    view: View
    rate: Rate | None
    by_source: dict[str, Rate]
    place: Place | None


class WriterQuality(Record):
    """One writer's contexts of the calibration conversations.

    `contexts` there are of `conversations`; `leaking` rows (one per imitated speaker) are beyond 2 %, `leak_share` is
    the mean over rows; `faults` counts contexts by the rule they break. `dropped`, `refused` attempts and `failed` are
    of the run that wrote them, where its report was given.
    """

    writer: str
    conversations: int
    contexts: int
    leaking: Rate | None
    leak_share: float
    faults: dict[str, int]
    specificity: tuple[Specificity, ...]
    diversity: Diversity | None
    dropped: dict[str, int]
    refused: int
    failed: dict[str, int]


class Planted(Record):
    """Leaks of one kind put into the dataset's contexts, and how many of them the rules found."""

    kind: str
    planted: int
    found: int


class Calibration(Record):
    """The scale of one view: ceiling and floor, and whether their intervals are disjoint."""

    view: View
    ceiling: Rate
    floor: Rate

    @property
    def holds(self) -> bool:
        return self.floor.high < self.ceiling.low


class QualityReport(Record):
    """What is known about the writers; `conversations` by source. The first writer is the dataset itself."""

    seed: int
    matcher: str
    candidates: int
    conversations: dict[str, int]
    calibration: tuple[Calibration, ...]
    planted: tuple[Planted, ...]
    writers: tuple[WriterQuality, ...]

    @property
    def trustworthy(self) -> bool:
        """Whether the scale holds for contexts as written, and every planted leak was found."""
        return self.calibration[0].holds and all(kind.found == kind.planted for kind in self.planted)


async def context_quality(
    native: Iterable[Interaction],
    writers: Mapping[str, Iterable[Interaction]],
    *,
    seed: int,
    reports: Mapping[str, GroundReport] | None = None,
    matcher: Matcher | None = None,
    limit: int = 300,
) -> QualityReport:
    """Judge the contexts of `writers` (the same conversations, grounded by each) against those of the datasets.

    `native` are interactions whose contexts came with the data or were rendered from it; at most `limit` of each
    source are drawn by `seed`. `reports` say, by writer, what happened while grounding. The `matcher` is TF-IDF by
    default. Raises `DataError` if no source has enough conversations to choose among.
    """
    chosen = _draw(native, limit, seed)
    own = {uid: interaction.context for uid, interaction in chosen.items() if interaction.context}
    conversations = [
        Conversation(uid, interaction.source.dataset, "\n".join(turn.text for turn in interaction.turns))
        for uid, interaction in chosen.items()
    ]
    matcher = matcher or TfidfMatcher([*(each.text for each in conversations), *map(_text, own.values())])

    async def picks(contexts: Mapping[str, SocialContext], view: View, *, foil: bool = False) -> dict[str, float]:
        texts = {uid: _text(context) for uid, context in contexts.items()}
        return await trials(conversations, texts, matcher, seed, view=view, foil=foil)

    ceilings = {view: await picks(own, view) for view in VIEWS}
    floors = {view: await picks(own, view, foil=True) for view in VIEWS}
    scales = {view: _calibration(view, ceilings[view], floors[view]) for view in VIEWS}
    judged = []
    for name, contexts in {NATIVE: own, **{name: _written(rows, chosen) for name, rows in writers.items()}}.items():
        specificity = []
        for view, scale in scales.items():
            picked = await picks(contexts, view)
            specificity.append(
                Specificity(
                    view=view,
                    rate=Rate.of(list(picked.values())),
                    by_source=_by_source(picked, chosen),
                    place=place(picked, floors[view], ceilings[view], seed) if scale.holds else None,
                )
            )
        judged.append(_quality(name, chosen, contexts, tuple(specificity), (reports or {}).get(name)))
    return QualityReport(
        seed=seed,
        matcher=matcher.name,
        candidates=CANDIDATES,
        conversations=dict(sorted(Counter(interaction.source.dataset for interaction in chosen.values()).items())),
        calibration=tuple(scales.values()),
        planted=_planted(chosen, own),
        writers=tuple(judged),
    )


def _draw(native: Iterable[Interaction], limit: int, seed: int) -> dict[str, Interaction]:
    """At most `limit` interactions of each source by their ids, all sources mixed in random order."""
    drawn: dict[str, list[tuple[int, str, Interaction]]] = defaultdict(list)
    for interaction in native:
        if interaction.context is not None and interaction.context.author != "back_generated":
            pool = drawn[interaction.source.dataset]
            uid = _uid(interaction)
            pool.append((derive_seed(seed, "draw", uid), uid, interaction))
            if len(pool) >= 2 * limit:
                _keep_first(pool, limit)
    for pool in drawn.values():
        _keep_first(pool, limit)
    everybody = sorted(chain.from_iterable(drawn.values()), key=itemgetter(0, 1))
    return {uid: interaction for _, uid, interaction in everybody}


def _keep_first(pool: list[tuple[int, str, Interaction]], limit: int) -> None:
    pool.sort(key=itemgetter(0, 1))
    del pool[limit:]


def _uid(interaction: Interaction) -> str:
    source = interaction.source
    return f"{source.dataset}/{source.split}/{source.original_id}"


def _text(context: SocialContext) -> str:
    return "\n".join(text for _, text in fields_of(context) if text)


def _written(rows: Iterable[Interaction], chosen: Mapping[str, Interaction]) -> dict[str, SocialContext]:
    """The contexts of a writer, in the order of the conversations."""
    found = {_uid(row): row.context for row in rows if _uid(row) in chosen}
    return {uid: context for uid in chosen if (context := found.get(uid)) is not None}


def _calibration(view: View, ceiling: Mapping[str, float], floor: Mapping[str, float]) -> Calibration:
    high, low = Rate.of(list(ceiling.values())), Rate.of(list(floor.values()))
    if high is None or low is None:
        raise DataError(f"quality needs a source with more than {CANDIDATES} conversations that have contexts")
    return Calibration(view=view, ceiling=high, floor=low)


def _by_source(picked: Mapping[str, float], chosen: Mapping[str, Interaction]) -> dict[str, Rate]:
    successes: dict[str, list[float]] = defaultdict(list)
    for uid, success in picked.items():
        successes[chosen[uid].source.dataset].append(success)
    return {source: rate for source, values in successes.items() if (rate := Rate.of(values))}


def _quality(
    name: str,
    chosen: Mapping[str, Interaction],
    contexts: Mapping[str, SocialContext],
    specificity: tuple[Specificity, ...],
    report: GroundReport | None,
) -> WriterQuality:
    shares = [
        leak_share(known, targets, brought_along(chosen[uid], speaker))
        for uid, context in contexts.items()
        for speaker, known, targets in row_texts(chosen[uid], context)
    ]
    broken = Counter(
        fault
        for uid, context in contexts.items()
        for fault in {violation.fault.value for violation in violations(chosen[uid], context)}
    )
    return WriterQuality(
        writer=name,
        conversations=len(chosen),
        contexts=len(contexts),
        leaking=Rate.of([float(share > MAX_LEAK) for share in shares]),
        leak_share=sum(shares) / max(len(shares), 1),
        faults=dict(broken),
        specificity=specificity,
        diversity=diversity([_text(context) for context in contexts.values()]),
        dropped=report.dropped if report else {},
        refused=report.rejected.get(Fault.REFUSED, 0) if report else 0,
        failed=report.failed if report else {},
    )


def _planted(chosen: Mapping[str, Interaction], own: Mapping[str, SocialContext]) -> tuple[Planted, ...]:
    planted, found = Counter[str](), Counter[str]()
    for uid, context in own.items():
        for kind, leaking in planted_leaks(chosen[uid], context):
            planted[kind] += 1
            found[kind] += bool(violations(chosen[uid], leaking))
    return tuple(Planted(kind=kind, planted=count, found=found[kind]) for kind, count in planted.items())
