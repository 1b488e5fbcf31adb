"""The phrase lists behind D1–D4 of τ-USI (arXiv 2603.11245), and what their notation means.

    {a|b}     one of              (')   an optional straight apostrophe, the typographic one never matches
    [x]       optional            <any> any run of characters on one line; <upto30> at most 30, <one> exactly one
    ␠         a space with a word character right after it; all else stands for itself, entries part at ` ; `

An entry hits where it stands between word boundaries of the lower-cased turn. Some entries are odd ("did you trie", a
question mark that must be followed by a letter); they are part of the measure.
"""

from __future__ import annotations

import re
from typing import Final

_NOTATION: Final = {
    "(')": "'?",
    "<any>": ".*",
    "<upto30>": ".{0,30}",
    "<one>": ".",
    "␠": " ",
    "{": "(?:",
    "[": "(?:",
    "}": ")",
    "]": ")?",
    "|": "|",
}
_SIGN: Final = re.compile("|".join(f"({re.escape(sign)})" for sign in _NOTATION))


def _lexicon(entries: str) -> re.Pattern[str]:
    """One pattern for a whole list."""
    patterns = (_pattern(" ".join(entry.split())) for entry in entries.split(";"))
    return re.compile(rf"\b(?:{'|'.join(patterns)})\b")


def _pattern(entry: str) -> str:
    return "".join(_NOTATION.get(part) or re.escape(part) for part in _SIGN.split(entry) if part)


POLITE: Final = _lexicon("""
    appreciate ; considerate ; courteous ; excuse me ; grateful ; i understand ; kind of you ; my apologies
    ; no worries ; pardon ; please ; sorry ; thank you ; thanks ; wonderful
""")

EMOTION: Final = _lexicon("""
    aggravated ; angry ; annoyed ; anxious ; awful ; bothered ; confused ; desperate ; devastated ; disappointed
    ; disappointing ; disgusted ; exasperated ; frustrated ; furious ; heartbroken ; horrible ; irritated ; irritating
    ; miserable ; nervous ; outraged ; outrageous ; panic ; ridiculous ; stressed ; terrible ; ugh ; uncomfortable
    ; upset ; worried
""")

UNCERTAIN: Final = _lexicon("""
    apparently ; can(')t find ; can(')t recall ; confused ; don(')t know ; doubtful ; dunno ; hesitant ; i believe
    ; i don(')t have ; i don(')t recall ; i don(')t remember ; i forgot ; i guess ; i might ; i think ; i(')m not sure
    ; i(')m unsure ; if i recall ; kind of ; maybe ; not sure ; partly ; perhaps ; possibly ; probably ; roughly
    ; somewhat ; sort of ; uncertain ; vaguely
""")

CERTAIN: Final = _lexicon("""
    absolutely ; always ; certainly ; clearly ; completely ; definitely ; entirely ; exactly ; for sure ; fully
    ; guaranteed ; never ; no doubt ; obvious ; obviously ; of course ; precisely ; undoubtedly ; without a doubt
""")

ACCUSE: Final = _lexicon("""
    blame ; disappointing ; disgrace ; failure ; fault ; incompetent ; insult ; irresponsible ; misleading ; ridiculous
    ; ruined ; scam ; shame ; stupid ; trouble ; unacceptable ; useless ; wrong
""")

PUSHBACK: Final = _lexicon("""
    are you sure ; check again ; {don(')t|do not} ask me <any> again ; doesn(')t {look|make sense|seem|sound}
    ; i already {gave|mentioned|provided|said|told} ; i would never ; not what i {asked|meant|said|wanted}
    ; that can(')t be {correct|right} ; that(')s {absurd|crazy|incorrect|nonsense|not right|not what|ridiculous|wrong}
    ; this is {nonsense|not fair} ; try again ; why {aren(')t|can(')t|didn(')t|isn(')t|won(')t|would}
    ; you already {asked|have}
""")

CLARIFY: Final = _lexicon("""
    can you {clarify|elaborate|explain}
    ; can you {be more specific|break that down|give me more detail|walk me through}
    ; {can|could} you {repeat|say} that ; could you {clarify|elaborate|specify}
    ; {how|what} {exactly|specifically} {are|do|does|is|should|will|would} ; how so ; i don(')t understand
    ; i(')m {confused|lost} ; i(')m not sure which ; i need {more|some} {clarification|details|info|information}
    ; in what {sense|way} ; meaning ; {so|wait}[,] {does that mean|is that|you(')re saying}
    ; {sorry|wait}[,] {how|i don(')t|what|which} ; that mean ; what did you mean ; what do you mean
    ; what does that mean ; what does that {entail|include|involve|look like} ; what exactly
    ; what {are|is} the {alternatives|choices|details|options} ; what(')s the difference ; what specifically
    ; which is which
    ; which {account|flight|item|one|option|order|plan|product|reservation} {did|do|is|should|was|would}
    ; you {indicated|mentioned|said|told me|wrote} <upto30>?
""")

INFOQ: Final = _lexicon("""
    can you {check|find|help|list|look|see|show|tell} ; do you {have|know|see} ; how {can|do|should|would} i ; how long
    ; how many ; how much ; is {it|that|there}␠ ; what are {my|the} ; what is {my|the}
    ; what<one>s the {balance|cost|price|status|total} ; what options ; what(')s {my|the}
    ; when {can|did|does|is|will} ; where {are|can|is|was}
""")

PIVOT: Final = _lexicon("""
    {actually|wait} {can|could|let|would} ; {can we|can you|could you} just
    ; {change|switch|try} [it |that ]{a different|something|to} ; how about ; i{(')d| would} {like|prefer|rather}
    ; instead ; is there [a |another |any ]way to ; {can we|let(')s} {change|do|go with|switch|try}
    ; maybe {i|we|you} {can|could|should} ; on second thought ; rather than ; what about ; what if
""")

AGENTLIKE: Final = _lexicon("""
    according to {our|the} {policy|records|system} ; allow me to ; do you {prefer|require|want|wish}
    ; {did|have} you {considere|considered|trie|tried} ; for {security|verification} {purposes|reasons}
    ; how can i {assist|help} ; how may i {assist|help}
    ; i apologize for {any|the} {confusion|delay|inconvenience|trouble} ; i {can|could} {offer|recommend|suggest}
    ; i{(')m| am} {glad|happy|here} to {assist|help} ; i {see|understand} {that|your}
    ; i{(')ll| will} {assist|check|handle|help|look into|process|verify} ; is there anything else i can
    ; let me {assist|check|find|help|look|pull up|search|verify} ; {could|may} i verify
    ; {our|the} {policy|records|system} {indicate|indicates|show|shows} ; permit me to
    ; thank you for {calling|choosing|contacting|reaching|your patience} ; what can i {assist|do|help} {for|with}
    ; would you {like|prefer} ; your {account|booking|case|inquiry|order|request|reservation|ticket}
""")

ACKNOWLEDGEMENTS: Final = frozenset(
    entry.strip()
    for entry in """
        absolutely ; agree ; agreed ; aight ; alright ; awesome ; confirm ; cool ; correct ; do it ; fine ; go ahead
        ; got it ; great ; indeed ; mhm ; no problem ; ok ; okay ; okey ; perfect ; please ; proceed ; right
        ; sounds good ; sure ; thank you ; thanks ; that works ; uh-huh ; yea ; yeah ; yep ; yes ; yup
    """.split(";")
)
"""What a turn that only acknowledges consists of."""

IDENTIFIER: Final = re.compile(
    r"\b[a-z0-9]{6,}\b"
    r"|#?\w*\d{5,}\w*"
    r"|\w+_\w+_\d{3,}"
    r"|(?:gift_card|credit_card|paypal)_\w+"
    r"|\w+@\w+\.\w+"
)
"""What counts as an identifier. Any word of six ASCII letters does: it is mostly a counter of long words."""
