"""Choice tasks whose answer is the letter of an option: options in a balanced order, letters read, letters marked."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import ClassVar, Final, TypeVar

from odyssim.errors import DataError
from odyssim.tasks.choice import ChoiceItem, ChoiceTask, Mark
from odyssim.tasks.extraction import final_text, reference_strip_thoughts, reference_tag_letter, tag_letter
from odyssim.tasks.feedback import Secret
from odyssim.types import Profile, derive_seed

LETTERS: Final = ascii_uppercase
ASK_FOR_LETTER: Final = (
    "Think it through first. Then give only the letter of your choice in answer tags, like <answer>A</answer>."
)
_POINTS_AT_OPTIONS: Final = re.compile(
    r"(?i:\b(?:all|none|both|neither|either|any) (?:of )?(?:the |these |those )?(?:above|below|options?|choices?)\b)"
    r"|(?i:\b(?:all|none|both|neither|either) of (?:these|those)\b)"
    r"|\b[A-D]\b(?:,| and | or | nor )\s*\b[A-D]\b|以上"
)


class LetterItem(ChoiceItem):
    """A question with options, as published: `options[0]` is A. `gold` is the published letter, '' if there is none.

    `order` is how `improved` shows them: the option at place `order[0]` becomes A. Empty: as published. Options that
    are blank keep their letter and are not shown.
    """

    options: tuple[str, ...]
    gold: str
    order: tuple[int, ...] = ()


LetterItemT = TypeVar("LetterItemT", bound=LetterItem)


class LetterTask(ChoiceTask[LetterItemT]):
    """A choice task with lettered options. `reference_*`: how the published code reads a letter.

    `options_stand_alone`: options are replies or products, in which 'all of these' speaks of no other option.
    """

    options_stand_alone: ClassVar[bool] = False
    reference_letters: ClassVar[str] = "ABCD"
    reference_any_case: ClassVar[bool] = True
    reference_strips_thoughts: ClassVar[bool] = True

    def shown(self, item: LetterItemT, profile: Profile) -> dict[str, str]:
        """Letter to text, in the order in which the profile shows them, without blank options."""
        order = order_of(item, profile)
        return {
            letter: item.options[place]
            for letter, place in zip(LETTERS, order, strict=False)
            if item.options[place].strip()
        }

    def gold_letter(self, item: LetterItemT, profile: Profile) -> str:
        """The letter that is right in the order of the profile; '' if the published letter is no option."""
        place = LETTERS.find(item.gold) if len(item.gold) == 1 else -1
        if profile is Profile.REFERENCE:
            return item.gold
        return LETTERS[order_of(item, profile).index(place)] if 0 <= place < len(item.options) else ""

    def mark(self, item: LetterItemT, text: str | None, profile: Profile) -> Mark:
        letter = self.letter(item, text, profile)
        return Mark(score=float(bool(letter) and letter == self.gold_letter(item, profile)), answer=letter)

    def letter(self, item: LetterItemT, text: str | None, profile: Profile) -> str | None:
        """The letter that a completion gives; none if it gives none."""
        if profile is Profile.REFERENCE:
            seen = reference_strip_thoughts(text) if self.reference_strips_thoughts else text
            return reference_tag_letter(seen or "", self.reference_letters, any_case=self.reference_any_case)
        final = final_text(text or "")
        return tag_letter(final, "".join(self.shown(item, profile))) if final else None

    def gold_reply(self, item: LetterItemT, profile: Profile) -> str:
        return f"<answer>{self.gold_letter(item, profile)}</answer>"

    def chance(self, item: LetterItemT) -> float | None:
        shown = self.shown(item, Profile.IMPROVED)
        return 1 / len(shown) if shown else None

    def secret(self, item: LetterItemT, profile: Profile) -> Secret:
        letter = self.gold_letter(item, profile)
        text = self.shown(item, profile).get(letter, "")
        return Secret(letter=letter or None, texts=(text,) if text else ())

    def arranged(self, items: Sequence[LetterItemT], profile: Profile, seed: int) -> Sequence[LetterItemT]:
        if profile is Profile.REFERENCE:
            return items
        return balanced(items, derive_seed(seed, self.name), stand_alone=self.options_stand_alone)


def option_lines(shown: Mapping[str, str], sign: str = ".") -> str:
    """One option a line: `A. text`."""
    return "\n".join(f"{letter}{sign} {text}" for letter, text in shown.items())


def order_of(item: LetterItem, profile: Profile) -> Sequence[int]:
    """Published places of the options in the order in which they are shown."""
    return item.order if item.order and profile is Profile.IMPROVED else range(len(item.options))


def checked_options(item: LetterItem) -> None:
    """`DataError` unless the options are at least two, all different, and the gold letter is one of them."""
    shown = [option.strip() for option in item.options if option.strip()]
    place = LETTERS.find(item.gold) if len(item.gold) == 1 else -1
    if len(shown) < 2:
        raise DataError(f"{item.id}: {len(shown)} options; a choice needs two")
    if len(set(shown)) < len(shown):
        raise DataError(f"{item.id}: two options are the same")
    if not 0 <= place < len(item.options) or not item.options[place].strip():
        raise DataError(f"{item.id}: the gold answer '{item.gold}' is none of the options")


def balanced(items: Sequence[LetterItemT], seed: int, *, stand_alone: bool = False) -> list[LetterItemT]:
    """The items with an option order each, so that among items of equally many options every letter is right equally
    often (counts differ by at most one).

    Items keep the published order if an option is blank or, unless options `stand_alone`, speaks of the others ('none
    of the above').
    """
    rng = random.Random(seed)
    by_size: dict[int, list[int]] = defaultdict(list)
    for number, item in enumerate(items):
        movable = all(
            option.strip() and (stand_alone or not _POINTS_AT_OPTIONS.search(option)) for option in item.options
        )
        if movable and len(item.gold) == 1 and 0 <= LETTERS.find(item.gold) < len(item.options):
            by_size[len(item.options)].append(number)
    arranged = list(items)
    for size, numbers in sorted(by_size.items()):
        places = [turn % size for turn in range(len(numbers))]
        rng.shuffle(places)
        for number, place in zip(numbers, places, strict=True):
            gold = LETTERS.find(items[number].gold)
            order = [option for option in range(size) if option != gold]
            rng.shuffle(order)
            order.insert(place, gold)
            arranged[number] = items[number].model_copy(update={"order": tuple(order)})
    return arranged
