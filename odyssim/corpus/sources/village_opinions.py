"""Opinions (EVAL): what people hold dear, and what they think of the questions of the day because of it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from odyssim.corpus.sources.village_text import Lines, lines


@dataclass(frozen=True)
class Value:
    """Something a person stands for: its name, how others put it, and how the person argues from it."""

    name: str
    told: str
    pro: Lines
    con: Lines


@dataclass(frozen=True)
class Issue:
    """A statement to agree or disagree with; `stance` has +1 or -1 for the values that have a view on it."""

    statement: str
    stance: dict[str, int]


VALUES = (
    Value(
        "quiet",
        "Peace and quiet matter most.",
        lines("I could finally sleep. / Quieter for everyone. / My nerves would thank you."),
        lines("The noise! / It's loud enough as it is. / I want to hear the birds."),
    ),
    Value(
        "tradition",
        "Believes that old customs hold a place together.",
        lines("That's how it was when I was small. / It keeps the old ways going. / Some things should stay."),
        lines("We never needed that. / My father would laugh. / Why change what works."),
    ),
    Value(
        "nature",
        "Puts woods, water and animals before comfort.",
        lines("Good for the river. / The trees can't vote, so I do. / Fewer cars, more swallows."),
        lines("Think of the frogs. / Another field gone. / Concrete everywhere already."),
    ),
    Value(
        "business",
        "Thinks that a village lives from its trade.",
        lines("Brings money in. / Shops need customers, simple. / Somebody has to earn the taxes."),
        lines("Who pays for it? / Bad for the shops. / We'd lose the last customers."),
    ),
    Value(
        "children",
        "Judges everything by what it does for the young.",
        lines("The kids would love it. / They need somewhere to go. / It's for the little ones."),
        lines(
            "And where do the kids play? / Not with children around. / The young leave anyway because of such ideas."
        ),
    ),
    Value(
        "fairness",
        "Wants the same rules and chances for all.",
        lines("Same for everyone, good. / About time. / Then nobody's left out."),
        lines("Only the rich get something out of it. / Why them and not us. / That's not fair on the old ones."),
    ),
    Value(
        "freedom",
        "Holds that people should be left to run their own lives.",
        lines("Let people do what they want. / Nobody's business. / I decide that myself, thanks."),
        lines("Another rule. / They should stop telling us how to live. / Next they'll count my chickens."),
    ),
    Value(
        "thrift",
        "Hates to see public money wasted.",
        lines("Saves money. / Costs next to nothing. / Finally somebody who can count."),
        lines("Much too dear. / We're broke, hello? / With what money."),
    ),
)

ISSUES = (
    Issue("The market should stay open on Sundays.", {"quiet": -1, "tradition": -1, "business": 1, "freedom": 1}),
    Issue(
        "Cars should be kept out of the square.",
        {"quiet": 1, "nature": 1, "business": -1, "children": 1, "freedom": -1},
    ),
    Issue("The church bells should ring at night again.", {"quiet": -1, "tradition": 1, "children": -1}),
    Issue("The village needs a skate ramp.", {"quiet": -1, "children": 1, "thrift": -1, "tradition": -1}),
    Issue("Holiday guests should pay a daily fee.", {"fairness": 1, "business": -1, "nature": 1, "thrift": 1}),
    Issue("Every household should sort its rubbish into five bins.", {"nature": 1, "freedom": -1, "tradition": -1}),
    Issue("The old mill should become a hotel.", {"business": 1, "tradition": -1, "quiet": -1, "nature": -1}),
    Issue("School meals should be free.", {"children": 1, "fairness": 1, "thrift": -1}),
    Issue("Street lamps should go off at eleven.", {"quiet": 1, "nature": 1, "thrift": 1, "business": -1}),
    Issue(
        "The summer fair should last a whole week.",
        {"quiet": -1, "business": 1, "children": 1, "thrift": -1, "tradition": 1},
    ),
    Issue("Dogs must be on a lead everywhere.", {"freedom": -1, "children": 1, "nature": 1}),
    Issue("A phone mast on the hill would be fine.", {"business": 1, "nature": -1, "tradition": -1, "children": 1}),
    Issue("The bus should run every half hour.", {"fairness": 1, "nature": 1, "thrift": -1, "children": 1}),
    Issue("Old barns may be torn down without asking.", {"freedom": 1, "tradition": -1, "nature": -1, "business": 1}),
    Issue("The library should close to save costs.", {"thrift": 1, "children": -1, "fairness": -1, "tradition": -1}),
    Issue("Rents should have a cap.", {"fairness": 1, "freedom": -1, "business": -1}),
    Issue("Fireworks should be banned.", {"quiet": 1, "nature": 1, "freedom": -1, "tradition": -1, "children": -1}),
    Issue("The football pitch should get floodlights.", {"children": 1, "quiet": -1, "thrift": -1, "nature": -1}),
)

ON_A_SCALE = (
    'How far do you agree? "{statement}" (1 = not at all, 5 = fully)',
    '"{statement}" Give a number from 1 (no) to 5 (yes).',
    '"{statement}" 1 = against, 5 = for:',
)
IN_WORDS = ('Agree or disagree? "{statement}"', 'What do you think: "{statement}"', '"{statement}" And you?')
AGREE = lines("Agree. / Yes. / I'm for it. / Sure. / Sounds right. / Absolutely. / Yeah, do it.")
DISAGREE = lines("Disagree. / No. / I'm against it. / Don't like it. / Nonsense. / Never. / No thanks.")
UNSURE = lines(
    "Don't care either way. / No idea. / Depends. / Ask somebody else. / Both sides have a point. / Not my thing."
)


@dataclass(frozen=True)
class Opinion:
    """What a person makes of an issue: `degree` from 1 (not at all) to 5 (fully), and arguments from their values."""

    statement: str
    degree: int
    arguments: Lines

    @property
    def verdicts(self) -> Lines:
        """How a person of this opinion says so in a word."""
        return DISAGREE if self.degree < 3 else AGREE if self.degree > 3 else UNSURE


def asked(view: Opinion, rng: random.Random) -> tuple[str, bool]:
    """The question about an opinion, and whether it wants a number."""
    wants_number = rng.random() < 0.5
    form = rng.choice(ON_A_SCALE if wants_number else IN_WORDS)
    return form.format(statement=view.statement), wants_number


def patterns(view: Opinion, wants_number: bool) -> Lines:
    """How an opinion may be put: bare, or with an argument where the person has one."""
    verdict = "{degree}" if wants_number else "{verdict}"
    argued = ("{degree}. {argument}", "{degree}") if wants_number else ("{verdict} {argument}", "{argument} {verdict}")
    return (verdict, *argued, argued[0]) if view.arguments else (verdict,)


def opinion(issue: Issue, values: tuple[Value, Value]) -> Opinion:
    """The view that follows from two values, of which the first counts double; 3 where they have nothing to say."""
    firm, mild = (issue.stance.get(value.name, 0) for value in values)
    leaning = 2 * firm + mild
    # A firm value against a mild one leaves a weak lean; agreement of both, or a firm value alone, a strong one.
    degree = 3 + max(-2, min(2, leaning))
    speaking = [value for value, stance in zip(values, (firm, mild), strict=True) if stance * leaning > 0]
    arguments = [argument for value in speaking for argument in (value.pro if leaning > 0 else value.con)]
    return Opinion(issue.statement, degree, tuple(arguments))


def survey(values: tuple[Value, Value], questions: int, rng: random.Random) -> Sequence[Opinion]:
    """Different issues put to a person, half of them at least close to their heart."""
    touching = [issue for issue in ISSUES if any(value.name in issue.stance for value in values)]
    chosen = rng.sample(touching, (questions + 1) // 2)
    others = [issue for issue in ISSUES if issue not in chosen]
    return [opinion(issue, values) for issue in chosen + rng.sample(others, questions - len(chosen))]
