"""AlignX: which of two replies would this user prefer? Five kinds of persona signal (EVAL).

    about the user   A night-shift nurse of 41 who wants quick, practical tips
    post             What do you do to unwind?
    reply A          A long essay on the history of meditation ...
    reply B          Ten minutes on the sofa, phone in another room ...
    policy           She wants it short and practical. <answer>B</answer>
    score            1: B is the reply that was chosen

Splits demo, pair, ugc, arbitrary and history16 count equally. In demo, arbitrary and history16 what is said about the
user gives the label away (80 to 90 % for most models); in pair and ugc it hardly does (50 to 60 %).

Source: arXiv 2503.15463, data JinaLeejnl/AlignX and AlignX-test.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import ClassVar

from odyssim.tasks.choice import Mark
from odyssim.tasks.letters import LetterItem, LetterTask, checked_options
from odyssim.tasks.prompt import Cut, Prompt, Section
from odyssim.tasks.published import PublishedFiles
from odyssim.tasks.records import digest, text_of
from odyssim.tasks.rows import Row
from odyssim.types import Axis, Json, Profile, derive_seed

SHOWN_SIGNALS = 2
"""Earlier preferences and comments that are shown unless the row says how many."""

LEAKY_SPLITS = ("alignx_demo", "alignx_arbitrary", "alignx_history16")

SYSTEM = """\
You are given a user, a post and two replies to it. Predict which reply this user would prefer: go by what is known of \
the user, not by your own taste. You may think about it briefly. Then give your choice, A or B, in answer tags."""


class AlignXItem(LetterItem):
    """One post and two replies; `gold` is the letter of the chosen one. `split` is the row's `data_source`."""

    split: str
    post: str
    about: str = ""
    preferences: str = ""
    comments: str = ""


class AlignX(LetterTask[AlignXItem]):
    """The reply that a user prefers."""

    name: ClassVar[str] = "alignx"
    title: ClassVar[str] = "AlignX"
    version: ClassVar[str] = "1-A"
    axis: ClassVar[Axis] = Axis.EVAL
    licence: ClassVar[str] = "unknown"
    published: ClassVar[PublishedFiles] = PublishedFiles(
        keys=("alignx", "alignx_demo", "alignx_pair", "alignx_ugc", "alignx_arbitrary", "alignx_history16"),
        test=tuple(f"alignx_{split}_val.parquet" for split in ("demo", "pair", "ugc", "arbitrary", "history16")),
        train=("alignx_rl_8k.parquet",),
    )
    options_stand_alone: ClassVar[bool] = True
    reference_letters: ClassVar[str] = "AB"
    reference_any_case: ClassVar[bool] = False

    def read(self, row: Row, profile: Profile) -> AlignXItem:
        post, chosen, rejected = row.need("raw_prompt"), row.need("chosen"), row.need("rejected")
        swapped = chosen_is_second(row.index if row.text("index") else 0)
        item = AlignXItem(
            **row.identity(digest(post)),
            options=(rejected, chosen) if swapped else (chosen, rejected),
            gold="B" if swapped else "A",
            split=row.data_source,
            post=post,
            about=row.text("demographic", "Demographic Information", "profile"),
            preferences=_preferences(row),
            comments=_comments(row),
        )
        if profile is Profile.IMPROVED:
            checked_options(item)
        return item

    def prompt(self, item: AlignXItem, profile: Profile) -> Prompt:
        first, second = self.shown(item, profile).values()
        question = "Which reply would this user prefer? Answer with <answer>A</answer> or <answer>B</answer>."
        return Prompt(
            system=SYSTEM,
            sections=(
                Section(heading="### About this user", text=item.about, cut=Cut.END),
                Section(heading="### What this user preferred before", text=item.preferences, cut=Cut.END),
                Section(heading="### What this user wrote before", text=item.comments, cut=Cut.END),
                Section(heading="### Post", name="post", text=item.post),
                Section(heading="### Response A", text=first),
                Section(heading="### Response B", text=second),
                Section(text=question),
            ),
        )

    def mark(self, item: AlignXItem, text: str | None, profile: Profile) -> Mark:
        """Besides the score, `chose_a` of an answer that was read: its mean is one half without position bias."""
        mark = super().mark(item, text, profile)
        if mark.answer is None:
            return mark
        return mark.model_copy(update={"metrics": {"chose_a": float(mark.answer == "A")}})

    def arranged(self, items: Sequence[AlignXItem], profile: Profile, seed: int) -> Sequence[AlignXItem]:
        """Balanced within every split, because each is scored for itself."""
        arranged: list[AlignXItem] = []
        for split in dict.fromkeys(item.split for item in items):
            members = [item for item in items if item.split == split]
            arranged += super().arranged(members, profile, derive_seed(seed, split))
        return arranged

    def stratum(self, item: AlignXItem) -> str:
        return item.split

    def facets(self, item: AlignXItem) -> dict[str, str]:
        return {"split": item.split, "leaky": str(item.split in LEAKY_SPLITS)}


def chosen_is_second(index: int) -> bool:
    """The published placement: the first uniform draw of a Mersenne twister seeded with the row's index."""
    return random.Random(index).random() < 0.5


def _preferences(row: Row) -> str:
    """The first pairs in which the user chose, numbered by place; a pair with a blank part is left out."""
    pairs = row.objects("icl_pairs", "Pair-wise Comparative Feedback")[: _shown(row, "n_icl")]
    return "\n\n".join(
        f"Example {number}\nPost: {pair['prompt']}\nPreferred: {pair['chosen']}\nNot preferred: {pair['rejected']}"
        for number, pair in enumerate(pairs, start=1)
        if _filled(pair, "prompt", "chosen", "rejected")
    )


def _comments(row: Row) -> str:
    comments = row.objects("ugc", "User-Generated Content")[: _shown(row, "n_ugc")]
    return "\n\n".join(
        f"Comment {number}\nPost: {comment['prompt']}\nThe user wrote: {comment['comment']}"
        for number, comment in enumerate(comments, start=1)
        if _filled(comment, "prompt", "comment")
    )


def _shown(row: Row, key: str) -> int:
    number = row.whole(key)
    return SHOWN_SIGNALS if number is None else number


def _filled(signal: Json, *keys: str) -> bool:
    return all(text_of(signal, key) for key in keys)
