"""Social skill: the published `soc_` sets, in which models play people with goals of their own.

Sotopia-pi's episodes (`sotopia_pi_episodes.jsonl`) hold, besides much else,

    {"episode_id": "e1", "experiment_tag": "sft_round_1_...", "scenario": "...",
     "agents_background": {"Ann Lee": "..."}, "social_goals": {"Ann Lee": "..."},
     "raw_messages": [[["Environment", "Ann Lee", "..."], ["Ann Lee", "Environment", "said: \\"Hi!\\""], ...], ...]}

Acts stand in square brackets as upstream; who did nothing says nothing. Only episodes of the rounds that behaviour was
cloned from are read, the rest evaluates. The other sets are known from the published corpus alone; rows in its chat
form are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from odyssim.corpus.roles import RoleFamily
from odyssim.corpus.sources.base import SourceCard
from odyssim.corpus.sources.chat_rows import PERSON, WrittenRow
from odyssim.corpus.sources.hub import HubReader
from odyssim.corpus.sources.hub_rows import Conversation, HubRow, imitated
from odyssim.corpus.sources.tom_hub import PUBLISHED
from odyssim.corpus.sources.unsaid import sentences, unsaid
from odyssim.types import Axis, SocialContext, Turn

_NOTHING: Final = "did nothing"
_LEAVES: Final = "left the conversation"
_SAID: Final = re.compile(r'said: "?(?P<text>.*?)"?', re.DOTALL)
_CLONED: Final = "sft"


class SotopiaEpisode(HubRow):
    """An episode of two characters, each with a background and a goal."""

    episode_id: str
    experiment_tag: str = _CLONED
    scenario: str
    agents_background: dict[str, str | None]
    social_goals: dict[str, str | None]
    raw_messages: tuple[tuple[tuple[str, str, str], ...], ...]

    def conversations(self) -> Iterable[Conversation]:
        if not self.experiment_tag.startswith(_CLONED):
            return
        turns = list(self._turns())
        names = dict.fromkeys(turn.speaker for turn in turns)
        scene = " ".join(unsaid(sentences(self.scenario), turns, *names))
        backgrounds = {name: self._own(self.agents_background, name, turns, scene) for name in names}
        goals = {name: self._own(self.social_goals, name, turns, f"{scene} {backgrounds[name]}") for name in names}
        context = SocialContext(
            scenario=scene,
            profiles={name: text for name, text in backgrounds.items() if text},
            goals={name: text for name, text in goals.items() if text},
            author="native",
        )
        yield Conversation(turns, id=self.episode_id, context=context)

    def _turns(self) -> Iterator[Turn]:
        for round_ in self.raw_messages:
            for sender, _, act in round_:
                if sender in self.agents_background and act != _NOTHING:
                    said = _SAID.fullmatch(act)
                    yield imitated(sender, said["text"] if said else "[leaves]" if act == _LEAVES else act)

    @staticmethod
    def _own(told: dict[str, str | None], name: str, turns: list[Turn], beside: str) -> str:
        return " ".join(unsaid(sentences(told.get(name) or ""), turns, name, beside=beside))


def _derived(name: str, title: str, citation: str) -> HubReader:
    card = SourceCard(
        id=f"soc_{name}",
        title=title,
        axes=(Axis.SS,),
        licence="unknown",
        citation=citation,
        url=PUBLISHED,
        human="A character, played by a model.",
        role_rule=RoleFamily.NO_SWAP,
        imitated=(PERSON,),
        contamination=("sotopia",) if "sotopia" in name else (),
        synthetic=True,
        in_paper=True,
    )
    return HubReader(card, WrittenRow)


READERS: Final = (
    HubReader(
        SourceCard(
            id="soc_sotopia_pi_bc",
            title="Sotopia-pi: episodes that behaviour is cloned from",
            axes=(Axis.SS,),
            licence="CC-BY-SA-4.0",
            citation="Wang et al., ACL 2024, arXiv:2403.08715",
            url="https://huggingface.co/datasets/cmu-lti/sotopia-pi",
            hub="cmu-lti/sotopia-pi",
            files=("sotopia_pi_episodes.jsonl",),
            human="Both characters, played by models.",
            role_rule=RoleFamily.NO_SWAP,
            contamination=("sotopia",),
            synthetic=True,
            in_paper=True,
        ),
        SotopiaEpisode,
    ),
    _derived("haico", "HAICosystem: users and agents in risky tasks", "Zhou et al., 2024, arXiv:2409.16427"),
    _derived("persona_conflicts", "Conflicts between people of given personas", "none: not documented"),
    _derived("cornell", "Social skill rows by the name of Cornell", "none: not documented"),
    _derived("sotopia_tom_silver", "Sotopia with what the other thinks, by a model", "none: not documented"),
)
