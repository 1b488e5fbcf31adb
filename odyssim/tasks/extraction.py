"""Reading an answer out of a completion: think removal, answer tags, whole words, word cuts.

One copy for all tasks. Functions named `reference_*` reproduce the published behaviour to the letter, defects
included; the others are what the `improved` profile uses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_CLOSED_THOUGHTS = (
    re.compile(r"<seed:think>(.*?)</seed:think>", re.DOTALL),
    re.compile(r"<think>(.*?)</think>", re.DOTALL),
)
_OPEN_TAGS = ("<seed:think>", "<think>")
_CLOSE_TAG = re.compile(r"</(?:seed:)?think>")

_LENIENT_LETTER = re.compile(r"[\s(*\[\"']*([A-Za-z])\s*(?:[.):,*\]\"'].*)?", re.DOTALL)
_WORD = re.compile(r"\S+")
_SIGNS = re.compile(r"[\W_]+")


def reference_strip_thoughts(text: str | None, *, drop_unclosed: bool = False) -> str | None:
    """Delete closed thinking blocks (seed:think first, then think) and trim; empty input comes back unchanged.

    Unclosed blocks stay, as published, unless `drop_unclosed`: then everything from a remaining opening tag on goes.
    """
    if not text:
        return text
    for block in _CLOSED_THOUGHTS:
        text = block.sub("", text)
    if drop_unclosed:
        for tag in _OPEN_TAGS:
            text = text.partition(tag)[0]
    return text.strip()


def reference_split_thoughts(text: str | None) -> tuple[str, str | None]:
    """The closed thoughts of a text, trimmed, a line each, seed:think first; and the text without them."""
    bodies = [body.strip() for block in _CLOSED_THOUGHTS for body in block.findall(text or "")]
    return "\n".join(bodies), reference_strip_thoughts(text)


def reference_thought_format_ok(turns: Iterable[str], *, thinking: bool) -> bool:
    """Whether all raw `turns` of a policy have the published form; so has a policy that said nothing.

    Without `thinking` no turn may begin with a thought (a blank before the tag evades this, as published). With it,
    every turn must begin with one, close some thought, and say something outside its closed thoughts.
    """
    if not thinking:
        return not any(turn.startswith(_OPEN_TAGS) for turn in turns)
    return all(
        turn.startswith(_OPEN_TAGS) and _CLOSE_TAG.search(turn) and reference_strip_thoughts(turn) for turn in turns
    )


def final_text(text: str) -> str | None:
    """The part of a completion meant for the reader: what follows the last closing think tag.

    None if a thought is still open at the end: then there is no final answer.
    """
    closings = list(_CLOSE_TAG.finditer(text))
    tail = text[closings[-1].end() :] if closings else text
    if any(tag in tail for tag in _OPEN_TAGS):
        return None
    return tail.strip()


def reference_tag_letter(text: str, letters: str, *, any_case: bool = True) -> str | None:
    """The letter of the first answer tag that holds exactly one letter of `letters`, upper-cased if `any_case`."""
    allowed = re.escape(letters + letters.lower() if any_case else letters)
    opening, closing = ("(?i:<answer>)", "(?i:</answer>)") if any_case else ("<answer>", "</answer>")
    match = re.search(rf"{opening}\s*([{allowed}])\s*{closing}", text)
    if match is None:
        return None
    return match.group(1).upper() if any_case else match.group(1)


def reference_tag_text(text: str) -> str:
    """The trimmed text of the first answer tag, or an empty string."""
    tags = _tagged(text, "answer")
    return tags[0].strip() if tags else ""


def reference_tagged(text: str, tag: str) -> str:
    """What stands in the first pair of tags `tag` that holds anything, as it is; without one, the trimmed text."""
    match = re.search(rf"<{tag}>(.+?)</{tag}>", text, re.DOTALL | re.IGNORECASE)
    return match[1] if match else text.strip()


def tag_text(text: str, tag: str = "answer") -> str | None:
    """The trimmed text of the last tag: a reader who reconsiders means the later one. None without a tag."""
    tags = _tagged(text, tag)
    return tags[-1].strip() if tags else None


def tag_letter(text: str, letters: str) -> str | None:
    """The letter in the last answer tag, upper-cased; `B.`, `(B)`, `**B**` and `B. some text` count as B."""
    inside = tag_text(text)
    match = _LENIENT_LETTER.fullmatch(inside) if inside else None
    letter = match.group(1).upper() if match else ""
    return letter if letter and letter in letters else None


def contains_word(haystack: str, needle: str) -> bool:
    """Whether `needle`, taken literally and ignoring case, stands in `haystack` bounded by non-word characters."""
    if not needle:
        return False
    return re.search(rf"(?<!\w){re.escape(needle.lower())}(?!\w)", haystack.lower()) is not None


def plain_words(text: str) -> str:
    """The words of a text in lower case, single blanks for all signs, underscores and spaces."""
    return _SIGNS.sub(" ", text.lower()).strip()


def first_words(text: str | None, n: int) -> str | None:
    """The text up to the end of word `n`, spacing kept, and a cut mark; unchanged if it has at most `n` words."""
    words = list(_WORD.finditer(text or ""))
    if text is None or len(words) <= n:
        return text
    end = words[n - 1].end() if n > 0 else 0
    return f"{text[:end]} [...]"


def last_words(text: str | None, n: int) -> str | None:
    """A cut mark and the text from the start of the n-th word from the end; unchanged if at most `n` words."""
    words = list(_WORD.finditer(text or ""))
    if text is None or len(words) <= n:
        return text
    start = words[-n].start() if n > 0 else len(text)
    return f"[...] {text[start:]}"


def _tagged(text: str, tag: str) -> list[str]:
    found: list[str] = re.findall(rf"(?i:<{tag}>)(.*?)(?i:</{tag}>)", text, re.DOTALL)
    return found
