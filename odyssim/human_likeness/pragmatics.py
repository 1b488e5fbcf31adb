"""What people do with a turn: courtesy, doubt, feeling, and how they take what they were told.

Shares of turns by short English phrase lists. Lists see words, not intent: irony counts as it is written. That is
the same for people and for a model, so the gap between them means something where the rate itself may not.
"""

from __future__ import annotations

from typing import Final

import regex

from odyssim.human_likeness.surface import Measure, one_of


def _share(name: str, what: str, pattern: regex.Pattern[str]) -> Measure:
    return Measure(
        name, what, "share of turns", lambda u: float(pattern.search(u.folded) is not None), english=True
    )  # fmt: skip


def _opening(*phrases: str) -> regex.Pattern[str]:
    """Any of these expressions as the first words of folded text."""
    return regex.compile(r"\A\W*(?:" + "|".join(phrases) + r")(?![\w'])")


PRAGMATICS: Final[tuple[Measure, ...]] = (
    _share("thanks", "thanks", one_of(r"thanks?(?: you)?", "thx", "ty", "tysm", "i appreciate", "grateful", "cheers")),
    _share("please", "please and its short forms", one_of("please", "pls", "plz")),
    _share("apology", "apologies", one_of("sorry", "apologi[sz]e", "apologies", "my bad", "pardon", "excuse me")),
    _share(
        "greeting",
        "the turn opens with a greeting",
        _opening("hi", "hello", "hey+", "hiya", "yo", "good (?:morning|afternoon|evening|day)", "greetings"),
    ),
    _share(
        "farewell",
        "words of parting",
        one_of("bye", "goodbye", "take care", "see (?:you|ya)", "talk (?:to you )?later", "have a (?:good|great|nice)"),
    ),
    _share(
        "hedges",
        "words of doubt",
        one_of(
            *("maybe", "perhaps", "probably", "possibly", "i (?:think|guess|believe|suppose|mean)", "sort of"),
            *("kind of", "kinda", "sorta", "not sure", "i'm unsure", "might", "seems?", "i feel like", "idk", "dunno"),
            *("i don'?t (?:know|remember|recall)", "or something", "roughly", "apparently"),
        ),
    ),
    _share(
        "certainty",
        "words of certainty",
        one_of(
            *("definitely", "absolutely", "certainly", "obviously", "clearly", "of course", "always", "never"),
            *("for sure", "no doubt", "completely", "totally", "exactly", "literally", "without a doubt"),
        ),
    ),
    _share(
        "feelings",
        "words of feeling about oneself or the matter",
        one_of(
            *("happy", "glad", "sad", "angry", "mad", "upset", "annoy(?:ed|ing)", "frustrat(?:ed|ing)", "worried"),
            *("scared", "afraid", "anxious", "stressed", "disappoint(?:ed|ing)", "excited", "love", "hate", "ugh"),
            *("awful", "terrible", "horrible", "ridiculous", "confused", "lonely", "proud", "ashamed", "tired"),
        ),
    ),
)
"""Courtesy, doubt and feeling."""

AGREEABLENESS: Final[tuple[Measure, ...]] = (
    _share(
        "agreement",
        "the turn opens with a yes, or agrees in words",
        regex.compile(
            _opening(
                *("yes", "yea+h?", "yep", "yup", "sure", "ok(?:ay)?", "k", "right", "true", "exactly", "agreed"),
                *("absolutely", "definitely", "of course", "sounds good", "good (?:idea|point)", "great"),
            ).pattern
            + "|"
            + one_of("i (?:totally |completely |fully )?agree", "makes sense", "works for me").pattern
        ),
    ),
    _share(
        "concession",
        "gives way: grants the point or takes back one's own",
        one_of(
            *("you(?:'re| are) (?:absolutely |probably |totally )?right", "fair (?:enough|point)", "point taken"),
            *("i (?:see|get|take) your point", "my (?:mistake|bad)", "i stand corrected", "i was wrong", "fine then"),
            *(
                "good point",
                "i guess (?:so|that works|you)",
                "i can (?:live with|accept)",
                "you(?:'ve| have) convinced",
            ),
        ),
    ),
    _share(
        "push_back",
        "contradicts, doubts or complains",
        regex.compile(
            _opening("no+", "nope", "nah", "but", "wrong", "what[?]", "really[?]", "seriously", "come on").pattern
            + "|"
            + one_of(
                *("i (?:strongly )?disagree", "i don'?t (?:think|believe|agree|buy|like)", "are you (?:sure|serious)"),
                *("that(?:'?s| is) (?:not|wrong|ridiculous|absurd|unfair|too)", "that (?:doesn'?t|didn'?t|can'?t)"),
                *("not what i", "i already", "you already", "why (?:would|can'?t|won'?t|didn'?t|don'?t|isn'?t)"),
                *("not true", "no way", "makes no sense", "doesn'?t make sense", "not (?:fair|good enough)"),
            ).pattern
        ),
    ),
    _share(
        "refusal",
        "declines to do or to take something",
        one_of(
            *(
                "i (?:won'?t|will not|refuse|cannot|can'?t (?:do|accept|agree|give|help|let|offer|tell))",
                "no,? thanks?",
            ),
            *(
                "i(?:'m| am) (?:not (?:going to|gonna|interested|willing|comfortable)|unable)",
                "i(?:'d| would) rather not",
            ),
            *("no deal", "not interested", "i don'?t want (?:to|it|that|any)", "i have to decline", "forget it"),
        ),
    ),
)
"""How far the speaker goes along with what was said: meaningful where both sides answer the same thing."""
