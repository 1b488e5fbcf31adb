"""Published sources that do not come with the data folder: read from the hub, or from files that one gets oneself."""

from __future__ import annotations

from typing import Final

from odyssim.corpus.sources import (
    convokit_cards,
    dialogue_hub,
    experiments,
    human_ai_chat,
    humanual,
    machine_hub,
    oasst,
    prism,
    role_play_hub,
    social_skill_hub,
    tom_hub,
    tutoring_hub,
)
from odyssim.corpus.sources.base import SourceReader

READERS: Final[tuple[SourceReader, ...]] = (
    *human_ai_chat.READERS,
    *prism.READERS,
    *oasst.READERS,
    *tutoring_hub.READERS,
    *dialogue_hub.READERS,
    *convokit_cards.READERS,
    *humanual.READERS,
    *experiments.READERS,
    *role_play_hub.READERS,
    *tom_hub.READERS,
    *social_skill_hub.READERS,
    *machine_hub.READERS,
)
"""53 of the 62 sets of the paper, and the four that its code routes besides."""
