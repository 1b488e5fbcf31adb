"""How many words a re-enacted scene shares with the book: diagnostics of CoSER, never part of its score.

    book   Ann: one            played   (skipped)                BLEU     0: no four words in a row
           Bob: two three four          two three six            ROUGE-L  2 of 3 and 2 of 4 words: 0.571

Words are runs of word characters in lower case, without a library's tokeniser; the speakers' names count as words of
the book and not of the play (published data flow).
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final

_WORD: Final = re.compile(r"\w+")
_LONGEST_GRAM: Final = 4


def overlaps(book: Sequence[tuple[str, str]], play: Sequence[tuple[str, str]], *, skip: int = 0) -> dict[str, float]:
    """`bleu` and `rouge_l`, both in 0..1, of a play against the book; each line is (speaker, text).

    The first `skip` lines of both do not count.
    """
    reference = _words("\n\n".join(f"{speaker}: {text}" for speaker, text in book[skip:]))
    candidate = _words("\n\n".join(text for _, text in play[skip:]))
    return {"bleu": bleu(reference, candidate), "rouge_l": rouge_l(reference, candidate)}


def bleu(reference: Sequence[str], candidate: Sequence[str]) -> float:
    """Unsmoothed sentence BLEU (Papineni et al. 2002) of up to four words in a row, fewer for shorter candidates."""
    orders = range(1, min(_LONGEST_GRAM, len(candidate)) + 1)
    precisions = [_precision(_grams(reference, n), _grams(candidate, n)) for n in orders]
    if not precisions or not all(precisions):
        return 0.0
    brevity = min(1.0, math.exp(1 - len(reference) / len(candidate)))
    return brevity * math.exp(math.fsum(map(math.log, precisions)) / len(precisions))


def rouge_l(reference: Sequence[str], candidate: Sequence[str]) -> float:
    """F1 of the longest common subsequence of words (Lin 2004)."""
    common = longest_common(reference, candidate)
    return 2 * common / (len(reference) + len(candidate)) if common else 0.0


def longest_common(first: Sequence[str], second: Sequence[str]) -> int:
    """Length of the longest common subsequence, a bit for each word of `first` (Hyyrö 2004)."""
    places: defaultdict[str, int] = defaultdict(int)
    for place, word in enumerate(first):
        places[word] |= 1 << place
    whole = (1 << len(first)) - 1
    open_places = whole
    for word in second:
        met = open_places & places.get(word, 0)
        open_places = ((open_places + met) | (open_places - met)) & whole
    return len(first) - open_places.bit_count()


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _grams(words: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[start : start + n]) for start in range(len(words) - n + 1))


def _precision(reference: Counter[tuple[str, ...]], candidate: Counter[tuple[str, ...]]) -> float:
    return (reference & candidate).total() / candidate.total()
