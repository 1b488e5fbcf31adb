"""People without names, for judges who might prefer one name or the one who is named first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence


class NeutralNames:
    """`names` as Person A, Person B ... in the order given, and back.

    A person is known by the whole name and, unless two share it, by its first word; only whole words with the same
    capitals count. A surname alone stays.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.labels = tuple(f"Person {chr(ord('A') + place)}" for place in range(len(names)))
        first = Counter(name.split()[0] for name in names)
        labels = dict(zip(names, self.labels, strict=True))
        labels |= {name.split()[0]: labels[name] for name in names if first[name.split()[0]] == 1}
        self._labels = labels
        self._names = dict(zip(self.labels, names, strict=True))

    def hide(self, text: str) -> str:
        """`text` with labels for names."""
        return _replaced(text, self._labels)

    def show(self, text: str) -> str:
        """`text` with names for labels."""
        return _replaced(text, self._names)


def _replaced(text: str, words: dict[str, str]) -> str:
    longest_first = sorted(words, key=len, reverse=True)
    pattern = rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)"
    return re.sub(pattern, lambda found: words[found[0]], text)
