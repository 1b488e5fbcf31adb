"""Tasks that are played in words and scored by judges: one or many turns, one or many speakers.

A generative task says how a row becomes an item (`read`), plays it as plain async code over a `Stage` (`converse`) and
scores the finished episode with the judges of the cast (`grade`, through `ask_panel`). It never sees a failure: a call
that fails raises, and `play` and `score` turn it into the typed failure of one episode or one outcome.
"""

from __future__ import annotations

from typing import ClassVar

from odyssim.models.base import Cast, Floor, Role
from odyssim.tasks.base import ItemT
from odyssim.tasks.choice import RowTask
from odyssim.tasks.feedback import Coached
from odyssim.tasks.stage import Stage
from odyssim.types import Profile


class GenerativeTask(RowTask[ItemT], Coached[ItemT]):
    """A task whose score comes from judges. Its gate for hints and what it shows a writer are in the task."""

    judge_roles: ClassVar[tuple[Role, ...]] = (Role.JUDGE,)

    def stage(self, item: ItemT, floor: Floor, profile: Profile) -> Stage:
        """The stage of one episode, with seeds of its own for every call."""
        self.refuse_dropped(item, floor)
        return Stage(floor, profile, self.name, item.id)

    def gold_reply(self, item: ItemT, profile: Profile) -> str:
        """What the person really said, where the item knows it; '' otherwise. There is no single right answer."""
        return ""

    async def validate(self, item: ItemT, cast: Cast | None = None, profile: Profile = Profile.IMPROVED) -> None:
        """An item is sound if the policy can be shown something; `DataError` otherwise."""
        self.opening(item, profile)
