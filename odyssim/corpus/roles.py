"""Role rules: which side of a published row is the human that the model learns to be.

A published row is a list of messages and the name of its data source. The name decides the family, the family decides
the rule, and after the rule the model learns to be the `assistant`:

    lmsys, family swap             user: any trains?    assistant: at six
                             ->    assistant: any trains?    user: at six
    tom_hitom, family no_swap      user: where is the hat?    assistant: in the box
                             ->    system: (empty)    user: where is the hat?    assistant: in the box
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from odyssim.errors import UnknownName
from odyssim.types import Profile


class RoleFamily(StrEnum):
    """The rule that turns a published row into a training row (`apply_role_rule` says what each does)."""

    SWAP = "swap"
    DIALOGUE = "dialogue"
    HUMANUAL = "humanual"
    EXPERIMENT = "experiment"
    PSYCH101 = "psych101"
    COSER = "coser"
    NO_SWAP = "no_swap"
    SOTOPIA = "sotopia"
    CHAT = "chat"


UNSWAPPED: Final = frozenset({RoleFamily.NO_SWAP, RoleFamily.SOTOPIA, RoleFamily.CHAT})
"""Families whose published rows already have the side to learn as their `assistant`."""

CONVOKIT: Final = tuple(
    f"convokit_{corpus}"
    for corpus in """
    IDEA-NTHU-unintended-offense-tweets casino-corpus chromium-corpus conversations-gone-awry-corpus
    conversations-gone-awry-cmv-corpus conversations-gone-awry-cmv-corpus-large emotional-support friends-corpus
    mediasum-corpus npr-2p-corpus parliament-corpus persuasionforgood-corpus reddit-coarse-discourse-corpus
    reddit-corpus-small small-pool supreme-corpus switchboard-corpus tennis-corpus wiki-articles-for-deletion-corpus
    wiki-corpus wikiconv-2018 winning-args-corpus
    """.split()
)

# The order counts: the reference takes the first name that is part of an unknown one.
_DECLARED: Final[tuple[tuple[RoleFamily, str], ...]] = (
    (RoleFamily.COSER, "coser"),
    (RoleFamily.SWAP, "wildchat wildchat_v1 lmsys oasst1 oasst2 prism alignx nectar hh_rlhf"),
    (RoleFamily.DIALOGUE, "dialogue dailydialog cornell_movie empathetic"),
    (RoleFamily.HUMANUAL, "humanual humanual_book humanual_chat humanual_email humanual_news"),
    (RoleFamily.HUMANUAL, "humanual_opinion humanual_politics"),
    (RoleFamily.EXPERIMENT, "experiment"),
    (RoleFamily.PSYCH101, "psych101"),
    (RoleFamily.EXPERIMENT, "socsci210"),
    (RoleFamily.NO_SWAP, "human_llm"),
    (RoleFamily.NO_SWAP, "tom_from_coser tom_socialiqa tom_mindgames tom_moralstories tom_fantom tom_hitom"),
    (RoleFamily.NO_SWAP, "tom_paratomi tom_mmtom tom_sotopia"),
    (RoleFamily.NO_SWAP, "soc_sotopia_tom_silver soc_haico soc_persona_conflicts soc_cornell soc_sotopia_pi_bc"),
    (RoleFamily.NO_SWAP, "rm_r1_sft tom_characterllm tom_grimulkan tom_tominli"),
    (RoleFamily.SWAP, "education_dialogue mathdial studychat"),
    (RoleFamily.SWAP, " ".join(CONVOKIT)),
    (RoleFamily.SOTOPIA, "sotopia"),
    (RoleFamily.CHAT, "chat step35_flash_sft"),
)

FAMILIES: Final[dict[str, RoleFamily]] = {name: family for family, names in _DECLARED for name in names.split()}
"""The 71 published `data_source` names with their families, in the reference's order."""

ALIASES: Final[dict[str, str]] = {
    "casino": "convokit_casino-corpus",
    "coser_shakespeare": "coser",
    "empathetic_dialogues": "empathetic",
    "esconv": "convokit_emotional-support",
    "persuasionforgood": "convokit_persuasionforgood-corpus",
    "supreme_court": "convokit_supreme-corpus",
    "switchboard": "convokit_switchboard-corpus",
}
"""Our catalogue names of published sets that are called otherwise there."""

KEPT_TURNS: Final = 20
"""Turns of a long psych101 row that stay turns of their own."""
FOLD_HEADING: Final = "[Earlier conversation]"

RowRole = Literal["system", "user", "assistant", "tool"]

SWAPPED: Final[dict[RowRole, RowRole]] = {"user": "assistant", "assistant": "user"}


class RowMessage(BaseModel):
    """One message of a published row. No content (a tool call, an empty turn) is null; other fields are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    role: RowRole
    content: str | None = None


def published_name(name: str) -> str:
    """The exact published name of `name`, which is one itself or an alias. Raises `UnknownName` for anything else."""
    exact = ALIASES.get(name, name)
    if exact not in FAMILIES:
        raise _unknown(name, [*FAMILIES, *ALIASES])
    return exact


def family_of(name: str, profile: Profile) -> RoleFamily:
    """The family of a data source.

    `improved` knows the published names and their aliases only. `reference` takes an unknown name for the first
    published one that is part of it, so that `customer_chat_logs` is a `chat`.
    Raises `UnknownName` for any other name, the empty one included.
    """
    if profile is Profile.IMPROVED:
        return FAMILIES[published_name(name)]
    if name in FAMILIES:
        return FAMILIES[name]
    for known, family in FAMILIES.items():
        if known in name:
            return family
    raise _unknown(name, list(FAMILIES))


def apply_role_rule(
    messages: Sequence[RowMessage], family: RoleFamily, profile: Profile, *, strip_system: bool = False
) -> list[RowMessage]:
    """The row's messages as they are trained: the side to learn is the `assistant`.

    `sotopia` and `chat` stay as they are. `no_swap` gets an empty system message in front if it has none there. All
    others exchange user and assistant, `psych101` after folding everything but its last turns into the first of these.
    `strip_system` first removes the system messages, except from `sotopia` and `chat`. Null contents stay null, except
    in what is folded.
    """
    if family in (RoleFamily.SOTOPIA, RoleFamily.CHAT):
        return list(messages)
    row = [message for message in messages if not (strip_system and message.role == "system")]
    if family is RoleFamily.NO_SWAP:
        has_system = bool(row) and row[0].role == "system"
        return row if has_system else [RowMessage(role="system", content=""), *row]
    if family is RoleFamily.PSYCH101:
        row = _folded(row, profile)
    return [RowMessage(role=SWAPPED.get(turn.role, turn.role), content=turn.content) for turn in row]


def _folded(row: list[RowMessage], profile: Profile) -> list[RowMessage]:
    """The row with its early turns as text at the head of the first kept one, which becomes a stimulus.

    `reference` keeps the last 20 turns, whatever the first of them is: a participant's answer there loses its loss.
    `improved` starts at the last stimulus that leaves at least 20.
    """
    turns = [message for message in row if message.role != "system"]
    start = len(turns) - KEPT_TURNS
    if profile is Profile.IMPROVED:
        while start > 0 and turns[start].role == "user":
            start -= 1
    if start <= 0:
        return row
    system = [message for message in row if message.role == "system"]
    earlier = "\n\n".join(f"{turn.role}: {turn.content or ''}" for turn in turns[:start])
    first = RowMessage(role="assistant", content=f"{FOLD_HEADING}\n{earlier}\n\n{turns[start].content or ''}")
    return [*system, first, *turns[start + 1 :]]


def _unknown(name: str, known: list[str]) -> UnknownName:
    return UnknownName("data source", name, known, hint="rename the rows, for example to a generic name: dialogue")
