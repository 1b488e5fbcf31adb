"""Wording that tells how a conversation goes or ends. English only: other languages rest on the overlap rules."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Final

import regex


def _phrases(*patterns: str) -> regex.Pattern[str]:
    return regex.compile(r"\b(?:" + "|".join(patterns) + r")\b")


_TALK: Final = r"(?:conversation|talk|(?:phone )?call|chat|discussion|exchange|negotiation|meeting|session|interview)"
_THEIR: Final = r"(?:the|this|that|their|your)"
_ADVERB: Final = r"(?:eventually|ultimately|finally|both|then|soon|quickly|gladly|reluctantly|happily|amicably)"
_TERMS: Final = r"(?:agreement|deal|compromise|understanding|decision|conclusion|consensus|settlement)"
_SETTLE: Final = (
    rf"(?:agree (?:on|to|that)|settle (?:on|for|their)|(?:reach|come to|strike|arrive at) (?:an?|the|some) {_TERMS}|"
    r"part (?:ways|as|on)|make up|end (?:up|with|by|on)|compromise|reconcile|conclude|wrap up|say goodbye|shake hands)"
)
_YIELDS: Final = (
    r"(?:agrees|accepts|declines|rejects|concedes|relents|gives in|backs down|comes around|ends up|changes (?:his|her) "
    r"mind|is (?:persuaded|convinced|won over))"
)
_DECIDE: Final = (
    r"(?:agree|accept|decline|refuse|reject|give in|relent|concede|decide|settle|reach|be (?:convinced|persuaded)|"
    r"find out|learn (?:that|about|of)|discover|reali[sz]e|confess|admit|reveal|donate|buy|sell|choose|pick|win|lose|"
    r"forgive|apologi[sz]e|reconcile|break up|part ways|end up|say (?:yes|no)|get (?:an?|the|his|her) refund)"
)
_HAGGLING: Final = (
    r"(?:back[- ]and[- ]forth|haggling|bargaining|negotiati(?:on|ng)|discussion|debate|hesitation|persuasion|"
    r"convincing|coaxing|prodding)"
)

_OUTCOME: Final = _phrases(
    r"in the end",
    rf"(?:at|by|towards?) the (?:very )?(?:end|close) of {_THEIR} {_TALK}",
    rf"(?:(?:over|in) the course of|during|as) {_THEIR} {_TALK}",
    rf"{_THEIR} {_TALK} (?:\w+ly )?(?:ends|concludes|closes|finishes|results|turns|leads|drifts|moves)",
    r"as (?:it|things) turns? out|it turns out|the (?:outcome|result|upshot) (?:is|was|will be)",
    rf"after (?:(?:some|much|an?|lots of|long|brief|hard|little|bit of) )+{_HAGGLING}",
    r"by the time (?:they|you|both) (?:finish|part|hang up|leave|are done|say goodbye)",
    rf"{_ADVERB} {_YIELDS}|{_YIELDS}(?:$| (?:to|the|that|and|with|on|his|her|their|your|an?))",
    rf"(?:they|both|you|we|the two|the pair|both of them|the two of them) (?:{_ADVERB} )?{_SETTLE}",
    rf"(?:they|both|the two|the pair|both of them) (?:{_ADVERB} )?decide (?:on|to|that|against)",
    rf"(?:eventually|ultimately|finally) (?:{_SETTLE}|{_DECIDE}s?)",
    rf"(?:will|going to|[a-z]'ll) (?:{_ADVERB} |later )?{_DECIDE}",
    r"(?:manages? to|succeeds? in|fails? to) (?:convinc|persuad|negotiat|resolv|sell|buy|reach|get)\w*",
    r"parting (?:ways|as friends|on good terms)|happily ever after",
    r"(?:leaves|goes home|walks away|hangs up) (?:\w+ly )?(?:satisfied|happy|relieved|disappointed|with|without)",
    r"(?:gets|secures|wins|obtains) (?:the|his|her|their|a full|an?) (?:deal|discount|refund|price|agreement)",
)
# What somebody hopes, fears or does not know is no outcome.
_OPEN: Final = _phrases(
    r"hop(?:e|es|ing)|want(?:s|ing)?|wish(?:es|ing)?|whether|if|unsure|afraid|worr(?:y|ies|ied)|fears?|wonder(?:s|ing)?",
    r"so that|aim(?:s|ing)?|try(?:ing)?|tries|would|could|might|may|until|unless|before|make sure|see to it",
    r"expect(?:s|ing)?|need(?:s)?|must|should|never|get \w+ to|persuade|convince|remains to be seen",
)
# A clause ends at punctuation, and where the sentence turns from the hope to what came of it.
_BREAK: Final = regex.compile(r"[.;:!?\n—–]+|,? (?=(?:but|and then|only to)\b)|, (?=and\b)")

# A sentence that reports what one participant says, above all to another, retells the talk.
_TELLS: Final = r"(?:tells|informs|thanks|promises|convinces|persuades|advises|warns|reminds|reassures|congratulates)"
_SAYS: Final = r"(?:replies|responds|says|states|reveals|confesses|admits|explains|suggests|recommends|announces)"

_ANSWER: Final = _phrases(
    r"the (?:correct|right|true|expected|best) (?:answer|option|choice|solution|label|response) (?:is|was|will be)",
    r"the (?:answer|solution)(?: to \w+(?: \w+){0,4})? (?:is|was|will be)",
    r"(?:answer|correct option|correct choice|solution):",
)


def tells_outcome(text: str, speakers: Iterable[str]) -> str | None:
    """The first wording in `text` that tells an outcome or retells what `speakers` say, or none."""
    retold = _retelling(speakers)
    for clause in _BREAK.split(_folded(text)):
        for found in chain(_OUTCOME.finditer(clause), retold.finditer(clause)):
            if not _OPEN.search(clause, 0, found.start()):
                return str(found.group())
    return None


def _retelling(speakers: Iterable[str]) -> regex.Pattern[str]:
    names = "|".join(regex.escape(_folded(speaker)) for speaker in speakers)
    who = rf"(?:{names}|him|her|them)(?!\w)"
    return regex.compile(
        rf"(?<!\w)(?:{names})(?: {_ADVERB})? (?:{_TELLS} {who}|{_SAYS} (?:that\b|how\b|why\b|to {who}))"
    )


def tells_answer(text: str) -> str | None:
    """The first wording in `text` that announces an answer, or none."""
    found = _ANSWER.search(_folded(text))
    return str(found.group()) if found else None


def _folded(text: str) -> str:
    return text.casefold().replace("’", "'")
