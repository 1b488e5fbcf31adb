"""One conversation, cleaned: repaired, judged, tagged, and free of personal data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from odyssim.corpus.clean.language import language_of
from odyssim.corpus.clean.pii import scrub
from odyssim.corpus.clean.quality import TOO_LONG, overlong, reject_reason
from odyssim.corpus.clean.rules import USUAL, CleanRules
from odyssim.corpus.clean.safety import safety_tags
from odyssim.corpus.clean.text import repair
from odyssim.types import Interaction, Record, SocialContext


class Cleaned(Record):
    """What cleaning made of a conversation.

    `reason` says why it is rejected; none: it is kept. `interaction` is the cleaned form in either case, so that
    rejects can be kept without personal data; in rejects, turns of absurd length are cut. `counts`: `repaired_turns`,
    `emptied_turns`, and `pii:KIND` per replaced piece.
    """

    interaction: Interaction
    reason: str | None
    counts: dict[str, int]


def clean(interaction: Interaction, rules: CleanRules = USUAL) -> Cleaned:
    """Repair the texts, drop turns without any, apply the quality rules, find the language unless it is known, tag the
    subjects of `safety_terms.txt`, and replace personal data in turns, speakers and context.

    Raises `MissingDependency` without the extra `corpus`.
    """
    too_long = overlong(interaction, rules)
    if too_long:
        interaction = _cut(interaction, rules.max_turn_chars)
    repaired = _rewritten(interaction, lambda texts: [repair(text) for text in texts])
    spoken = tuple(turn for turn in repaired.turns if turn.text.strip()) or repaired.turns
    counts = Counter(
        repaired_turns=sum(new.text != old.text for new, old in zip(repaired.turns, interaction.turns, strict=True)),
        emptied_turns=len(repaired.turns) - len(spoken),
    )
    repaired = repaired.model_copy(update={"turns": spoken})
    reason = TOO_LONG if too_long else reject_reason(repaired, rules)

    def without_pii(texts: list[str]) -> list[str]:
        scrubbed = scrub(texts, rules.pii)
        counts.update({f"pii:{kind}": count for kind, count in scrubbed.counts.items()})
        return scrubbed.texts

    texts = [turn.text for turn in spoken]
    scrubbed = _rewritten(repaired, without_pii)
    pii_tags = sorted(name for name in counts if name.startswith("pii:"))
    result = scrubbed.model_copy(
        update={
            "language": interaction.language or language_of(texts),
            "tags": tuple(dict.fromkeys((*interaction.tags, *safety_tags(texts), *pii_tags))),
        }
    )
    return Cleaned(interaction=result, reason=reason, counts=+counts)


def _cut(interaction: Interaction, chars: int) -> Interaction:
    turns = tuple(turn.model_copy(update={"text": turn.text[:chars]}) for turn in interaction.turns)
    return interaction.model_copy(update={"turns": turns})


def _rewritten(interaction: Interaction, rewrite: Callable[[list[str]], list[str]]) -> Interaction:
    """The interaction with all its texts rewritten together: names of speakers (once each), context, turns in order."""
    turns, context = interaction.turns, interaction.context or SocialContext()
    names = list(dict.fromkeys((*(turn.speaker for turn in turns), *context.profiles, *context.goals)))
    about = [context.scenario, context.relationship, *context.profiles.values(), *context.goals.values()]
    texts = [*names, *about, *(turn.text for turn in turns)]
    rewritten = rewrite(texts)
    if rewritten == texts:
        return interaction
    new = iter(rewritten)
    renamed = {name: next(new) for name in names}
    context = context.model_copy(
        update={
            "scenario": next(new),
            "relationship": next(new),
            "profiles": {renamed[name]: next(new) for name in context.profiles},
            "goals": {renamed[name]: next(new) for name in context.goals},
        }
    )
    return interaction.model_copy(
        update={
            "context": interaction.context and context,
            "turns": tuple(
                turn.model_copy(update={"speaker": renamed[turn.speaker], "text": text})
                for turn, text in zip(turns, new, strict=True)
            ),
        }
    )
