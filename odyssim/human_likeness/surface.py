"""The surface form of one turn: length, markdown, emoji, casing, punctuation, spelling habits.

A `Measure` is a ratio: what it counts over what the count refers to (the turn, 100 tokens, the places where the
habit could have shown). A set of turns has the ratio of the sums; a single turn has its own ratio, or none where
the base is zero. Definitions follow the usual stylometric measures; the word lists are short and English.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import emoji
import regex
from markdown_it import MarkdownIt

from odyssim.human_likeness.tokens import WORD, tokenize

_MARKDOWN: Final = MarkdownIt("commonmark").enable("table")
_ELEMENT: Final = {
    "heading_open": "heading",
    "strong_open": "strong",
    "em_open": "em",
    "code_inline": "code_inline",
    "fence": "code_block",
    "code_block": "code_block",
    "table_open": "table",
    "link_open": "link",
    "blockquote_open": "blockquote",
}


@dataclass(frozen=True)
class Utterance:
    """One turn, free of residue and in NFC, with what several measures look at."""

    text: str

    @cached_property
    def tokens(self) -> list[str]:
        return tokenize(self.text)

    @cached_property
    def words(self) -> list[str]:
        """The tokens as typed, case kept."""
        words: list[str] = WORD.findall(self.text)
        return words

    @cached_property
    def folded(self) -> str:
        """Lower case with straight apostrophes, for word lists."""
        return self.text.lower().replace("’", "'")

    @cached_property
    def markdown(self) -> Counter[str]:
        """How often each CommonMark element (and table) occurs."""
        elements = Counter[str]()
        for block in _MARKDOWN.parse(self.text):
            if block.type == "list_item_open":
                elements["list_item_bullet" if block.markup in "-+*" else "list_item_ordered"] += 1
            elements.update(
                _ELEMENT[token.type] for token in (block, *(block.children or ())) if token.type in _ELEMENT
            )
        return elements

    @property
    def cased_letters(self) -> list[str]:
        return [char for char in self.text if char.isupper() or char.islower()]

    def count(self, pattern: regex.Pattern[str]) -> int:
        """Matches in the text as typed."""
        return sum(1 for _ in pattern.finditer(self.text))

    def count_folded(self, pattern: regex.Pattern[str]) -> int:
        """Matches in the folded text."""
        return sum(1 for _ in pattern.finditer(self.folded))


Count = Callable[[Utterance], float]


def per_turn(utterance: Utterance) -> float:
    """The base of counts and shares of turns."""
    return 1


def per_100_tokens(utterance: Utterance) -> float:
    return len(utterance.tokens) / 100


def per_1000_tokens(utterance: Utterance) -> float:
    return len(utterance.tokens) / 1000


@dataclass(frozen=True)
class Measure:
    """A named ratio `count / base` of a turn. `english`: it rests on an English word list."""

    name: str
    what: str
    unit: str
    count: Count
    base: Count = per_turn
    english: bool = False


def one_of(*words: str) -> regex.Pattern[str]:
    """Any of these expressions, as whole words of folded text."""
    return regex.compile(r"(?<![\w'])(?:" + "|".join(words) + r")(?![\w'])")


def _word_list(words: str) -> regex.Pattern[str]:
    return one_of(*words.split())


_SENTENCE_BREAK: Final = regex.compile(r"(?<=[.!?…])\s+|(?<=[。！？])\s*|\n+")
_RAW_BOLD: Final = regex.compile(r"\*\*[^\n]+?\*\*")
_CAPITALS: Final = regex.compile(r"\p{Lu}{2,}")
_PRONOUN_I: Final = regex.compile(r"[iI](?:['’](?:m|ve|ll|d))?")

_MISSING_APOSTROPHE: Final = _word_list(
    "dont doesnt didnt cant couldnt wont wouldnt shouldnt isnt arent wasnt werent hasnt havent hadnt aint im ive "
    "youre youve youll theyre theyve weve hes shes thats whats wheres whos theres heres"
)
_ABBREVIATION: Final = _word_list(
    "u ur r k pls plz thx ty tysm np idk tbh imo imho lol lmao omg wtf btw fyi asap rn nvm bc cuz b4 gonna wanna gotta "
    "kinda ppl msg smth sth ngl ikr brb ofc prob probs def obv afaik w/ w/o"
)
_AUXILIARY = r"(?:do|does|did|is|are|was|were|has|have|had|could|would|should|will|can)"
_CONTRACTED: Final = one_of(
    r"\w+n't",
    r"i'm",
    r"(?:you|we|they)'re",
    r"(?:i|you|we|they|would|could|should|might)'ve",
    r"\w+'(?:ll|d)",
    r"(?:it|that|he|she|there|here|what|who|where|how|let)'s",
)
_EXPANDED: Final = one_of(
    rf"{_AUXILIARY} not",
    r"cannot",
    r"i am",
    r"(?:you|we|they) are",
    r"(?:i|you|we|they|would|could|should|might) have (?:been|\w+ed)",
    r"(?:i|you|he|she|it|we|they|that) (?:will|would)(?! not)",
    r"(?:it|that|he|she|there|here|what|who|where|how) is(?! not)",
    r"let us",
)


def _sentences(utterance: Utterance) -> int:
    return sum(1 for part in _SENTENCE_BREAK.split(utterance.text) if part and WORD.search(part))


def _paragraphs(utterance: Utterance) -> int:
    return sum(1 for part in regex.split(r"\n\s*\n", utterance.text) if part.strip())


def _contracted(utterance: Utterance) -> int:
    return utterance.count_folded(_CONTRACTED) + utterance.count_folded(_MISSING_APOSTROPHE)


def _pronouns_i(utterance: Utterance) -> list[str]:
    return [word for word in utterance.words if _PRONOUN_I.fullmatch(word)]


def _markdown_measure(element: str, what: str) -> Measure:
    return Measure(f"markdown_{element}", f"{what}, by a CommonMark parser", "per turn", lambda u: u.markdown[element])


def _share(name: str, what: str, holds: Callable[[Utterance], object], base: Count = per_turn) -> Measure:
    """The share of turns for which `holds` is true, among those that `base` admits (1 or 0)."""
    return Measure(name, what, "share of turns", lambda u: base(u) if holds(u) else 0.0, base)


def _rate(name: str, what: str, pattern: str) -> Measure:
    compiled = regex.compile(pattern)
    return Measure(name, what, "per 100 tokens", lambda u: u.count(compiled), per_100_tokens)


def _word_rate(name: str, what: str, pattern: regex.Pattern[str]) -> Measure:
    return Measure(name, what, "per 100 tokens", lambda u: u.count_folded(pattern), per_100_tokens, english=True)


def _has_case(utterance: Utterance) -> float:
    return float(bool(utterance.cased_letters))


SURFACE: Final[tuple[Measure, ...]] = (
    Measure("characters", "length in characters, spaces included", "characters", lambda u: len(u.text)),
    Measure("tokens", "length in tokens", "tokens", lambda u: len(u.tokens)),
    Measure("sentences", "stretches with a word, ended by . ! ? … or a line break", "sentences", _sentences),
    Measure("paragraphs", "stretches of text between blank lines", "paragraphs", _paragraphs),
    _share("line_break", "the turn has more than one line", lambda u: "\n" in u.text),
    _markdown_measure("heading", "headings"),
    _markdown_measure("list_item_bullet", "bullet items"),
    _markdown_measure("list_item_ordered", "numbered items"),
    _markdown_measure("strong", "strong emphasis"),
    _markdown_measure("em", "emphasis"),
    _markdown_measure("code_inline", "inline code"),
    _markdown_measure("code_block", "code blocks"),
    _markdown_measure("table", "tables"),
    _markdown_measure("link", "links"),
    _markdown_measure("blockquote", "quotes"),
    Measure(
        "raw_bold",
        "** pairs that the CommonMark parser does not read as strong",
        "per turn",
        lambda u: max(0, u.count(_RAW_BOLD) - u.markdown["strong"]),
    ),
    Measure("emoji", "emoji", "per turn", lambda u: emoji.emoji_count(u.text)),
    _share("has_emoji", "the turn has an emoji", lambda u: emoji.emoji_count(u.text) > 0),
    _share("lower_start", "the first letter is small", lambda u: any(map(str.islower, u.cased_letters[:1])), _has_case),
    _share("all_lower", "no letter is a capital", lambda u: not any(map(str.isupper, u.cased_letters)), _has_case),
    Measure(
        "capital_words",
        "words of two or more letters, all capitals",
        "per 100 tokens",
        lambda u: sum(1 for word in u.words if _CAPITALS.fullmatch(word)),
        per_100_tokens,
    ),
    Measure(
        "small_i",
        "the pronoun I written small",
        "share of pronouns I",
        lambda u: sum(1 for word in _pronouns_i(u) if word[0] == "i"),
        lambda u: len(_pronouns_i(u)),
        english=True,
    ),
    _share(
        "ends_period", "the last character is a single full stop", lambda u: regex.search(r"(?<!\.)[.。]\Z", u.text)
    ),
    _share("ends_exclamation", "the last character is !", lambda u: u.text.endswith(("!", "！"))),
    _share("ends_question", "the last character is ?", lambda u: u.text.endswith(("?", "？"))),
    _share("ends_bare", "the turn ends without . ! ? or …", lambda u: not u.text.endswith(tuple(".!?…。！？"))),
    _share("has_question", "the turn has a question mark", lambda u: "?" in u.text or "？" in u.text),
    _rate("commas", "commas", r"[,，、]"),
    _rate("ellipses", "ellipses of two or more dots, or …", r"\.{2,}|…+"),
    _rate("repeated_marks", "runs of ! and ? such as !! or ?!", r"[!?]{2,}"),
    _rate("dashes", "en and em dashes", r"[–—]"),
    _rate("semicolons", "semicolons", r";(?!\S)"),
    _rate("colons", "colons before a space or the end (no times, addresses, emoticons)", r":(?!\S)"),
    _rate("typographic_quotes", "curly or angled quotes and apostrophes", r"[“”„‘’‚«»]"),
    _rate("parentheses", "pairs of round brackets", r"\([^()\n]*\)"),
    _word_rate("missing_apostrophes", "dont, im and kin", _MISSING_APOSTROPHE),
    _word_rate("abbreviations", "u, pls, idk and kin", _ABBREVIATION),
    Measure(
        "contractions",
        "contracted forms (with or without the apostrophe) among those that could be contracted",
        "share of contractible forms",
        _contracted,
        lambda u: _contracted(u) + u.count_folded(_EXPANDED),
        english=True,
    ),
)
"""The measures of surface form, each per turn."""
