"""BehaviorChain: what does this person do next? A profile, the story so far, and a chain of earlier steps (ROLE).

    profile    Oda keeps the village's books and distrusts every round number.
    story      1  The harvest came in early that year ...
    chain      Step 0: Context: The miller brings his bill. Behavior: She adds it up twice before she pays.
    now        The new clerk hands her a ledger in which every column ends in zero.
    options    A. She signs it.   B. She asks to see the slips.   C. ...   D. ...
    policy     She will check. <answer>B</answer>
    score      1: B is what she did; the next node of the chain shows it among the earlier steps

Source: BehaviorChain (arXiv 2502.14642), 1,001 personas and 15,846 nodes. The texts behind it are protected and its
authors withhold the data: do not redistribute rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Final

from odyssim.tasks.behavior_node import depth_of, node_of, options_of, profile_of, renamed, steps_of, story_of
from odyssim.tasks.letters import ASK_FOR_LETTER, LetterItem, LetterTask, checked_options, option_lines
from odyssim.tasks.prompt import Cut, Prompt, Section
from odyssim.tasks.published import TEST, PublishedFiles
from odyssim.tasks.records import digest
from odyssim.tasks.rows import Row
from odyssim.types import Axis, Outcome, Profile

OPTIONS_ONLY: Final = "options_only"
RENAMED: Final = "renamed"


class BehaviorChainItem(LetterItem):
    """One node of a chain; its cluster is the persona, who has one chain.

    `depth`: how many steps lie before it. `bare`: only the question and the options are shown.
    """

    persona: str
    profile_text: str
    story: str
    steps: str
    context: str
    depth: int | None
    bare: bool = False


class BehaviorChain(LetterTask[BehaviorChainItem]):
    """The next step of a person, the earlier ones given as they were.

    Split 'options_only' is the test split without anything but the question and the options: what these alone give
    away. Split 'renamed' gives every persona another name, against memory of the book.
    """

    name: ClassVar[str] = "behavior_chain"
    title: ClassVar[str] = "BehaviorChain"
    version: ClassVar[str] = "1-A"
    axis: ClassVar[Axis] = Axis.ROLE
    licence: ClassVar[str] = "unknown"
    published: ClassVar[PublishedFiles] = PublishedFiles(
        keys=("behavior_chain",), test=("behaviorchain_val.parquet",), train=("behaviorchain_rl_train.parquet",)
    )
    options_stand_alone: ClassVar[bool] = True
    reference_strips_thoughts: ClassVar[bool] = False

    def read(self, row: Row, profile: Profile) -> BehaviorChainItem:
        node, split = node_of(row), row.text("split")
        if split == RENAMED:
            node = renamed(node, row.info["seed"])
        persona, profile_text = node.text("persona_name"), profile_of(node, profile)
        item = BehaviorChainItem(
            **row.identity(digest(f"{persona} {profile_text}")),
            options=options_of(node),
            gold=node.text("right_option_letter").strip().upper(),
            persona=persona,
            profile_text=profile_text,
            story=story_of(node, profile),
            steps=steps_of(node, profile),
            context=node.text("current_context"),
            depth=depth_of(node),
            bare=split == OPTIONS_ONLY,
        )
        if profile is Profile.IMPROVED:
            node.need("persona_name")
            node.need("current_context")
            checked_options(item)
        return item

    def further_splits(self) -> tuple[str, ...]:
        return (OPTIONS_ONLY, RENAMED)

    def other_rows(self, split: str, data: Path | None, seed: int) -> Iterator[Row]:
        for row in self.rows(TEST, data=data):
            yield replace(row, info={**row.info, "split": split, "seed": seed})

    def prompt(self, item: BehaviorChainItem, profile: Profile) -> Prompt:
        slots = dict.fromkeys("ABCD"[: len(item.options)], "") if profile is Profile.REFERENCE else {}
        options = slots | self.shown(item, profile)
        known = (
            Section(heading=f"# Profile of {item.persona}", text=_or_none(item.profile_text)),
            Section(heading="# The story before", text=_or_none(item.story), cut=Cut.START),
            Section(heading="# Earlier steps", text=_or_none(item.steps)),
            Section(heading="# The situation now", text=item.context),
        )
        return Prompt(
            sections=(
                *(() if item.bare else known),
                Section(text=f"Which of these does {item.persona} do next?"),
                Section(text=option_lines(options)),
                Section(text=ASK_FOR_LETTER),
            )
        )

    def facets(self, item: BehaviorChainItem) -> dict[str, str]:
        return {} if item.depth is None else {"depth": str(item.depth)}

    def diagnostics(self, scored: Sequence[tuple[BehaviorChainItem, Outcome]]) -> dict[str, float]:
        """Accuracy by depth; `accuracy_chain_mean`, the mean of the chains' means; `accuracy_chain_all`, the share of
        chains whose scored nodes are all right."""
        chains: dict[str, list[float]] = defaultdict(list)
        for item, outcome in scored:
            chains[item.cluster].append(outcome.score or 0.0)
        means = [sum(scores) / len(scores) for scores in chains.values()]
        figures = super().diagnostics(scored)
        if means:
            figures["accuracy_chain_mean"] = sum(means) / len(means)
            figures["accuracy_chain_all"] = sum(mean == 1.0 for mean in means) / len(means)
        return figures


def _or_none(text: str) -> str:
    return text if text.strip() else "(none)"
