"""SimArena-Math: be taught the way a particular student is taught (ROLE).

    student  short answers, no capitals, gives up quickly; knows equations, struggles with fractions
    problem  A tank is one third full. After 20 litres more it is half full. How much does it hold?
    policy   Query: i dont get where to start
    partner  What fraction of the tank do the 20 litres fill?
    policy   Response: um 1/2?
    ...      up to eight rounds
    judges   writing style 4 of 5, interaction style 3 of 5, features met 2 of 3, learning 4 of 5

The score is the mean of the parts. `reference` has no part for learning, takes a rating as its share of the scale, and
counts missing features as 0, so that two thirds is the most that an item without any can earn. `improved` asks as well
whether the student's knowledge develops as it could, puts the worst rating at 0, drops what an item has no features
for, and gives 0 to who says nothing.

Source: Dou et al., EMNLP 2025 (arXiv 2510.05444); data microsoft/SimulatorArena, MIT; problems of MATH (Hendrycks et
al., NeurIPS 2021).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import ClassVar, Final

from pydantic import Field

from odyssim.tasks.prompt import Prompt, Section
from odyssim.tasks.published import PublishedFiles
from odyssim.tasks.records import digest
from odyssim.tasks.rows import Row
from odyssim.tasks.rubrics.sim_arena_math import INTERACTION, LEARNING, WRITING
from odyssim.tasks.sim_arena import END, Heard, SimArena, SimArenaItem
from odyssim.tasks.sim_arena_judges import Bench, Fulfilment, Rated
from odyssim.tasks.sim_arena_rows import LESSONS, features, human_talk, lesson_rows, queries, unpacked
from odyssim.tasks.sim_arena_score import STYLE_MOST, mean_of_known, mean_with_nulls, place, share
from odyssim.types import Axis, Episode, Profile

PLAY: Final = f"""\
You play one particular student who works on a problem in mathematics with an AI tutor. You are that student and not \
the tutor: you can do basic arithmetic, this problem is hard for you, you make mistakes, and you want to learn.

How to play:
- Each of your turns is one message. The first has the form "Query: " and then what you ask; every later one the form \
"Response: " and then what you answer or ask.
- Know no more than this student knows. What the tutor explains may sink in, slowly or not at once.
- Keep to this student's length, spelling, tone and patience, in every message.
- Do not write the problem down again, and do not ask for other problems.
- When the problem is solved and you have said the answer, when there is nothing left to ask, or when the talk goes in \
circles, write exactly: {END}"""

TUTOR: Final = """\
You are a tutor in mathematics. Lead the student to solve the problem: ask questions, give hints, point out mistakes, \
one step at a time. Never give the solution away."""


class SimArenaMathItem(SimArenaItem):
    """One student and the problem they work on."""

    problem: str


class LearningRating(Rated):
    """Whether a student could have learnt like this."""

    rating: int = Field(ge=1, le=STYLE_MOST, description="1 = no student at all, 5 = every step follows")


class SimArenaMath(SimArena[SimArenaMathItem]):
    """A student who is taught by a tutor."""

    name: ClassVar[str] = "sim_arena_math"
    title: ClassVar[str] = "SimArena-Math"
    version: ClassVar[str] = "1-A"
    axis: ClassVar[Axis] = Axis.ROLE
    published: ClassVar[PublishedFiles] = PublishedFiles(
        keys=("sim_arena_math",), test=("sim_math_val.parquet",), train=("sim_math_rl.parquet",)
    )
    person: ClassVar[str] = "Student"
    helper: ClassVar[str] = "AI Tutor"
    helper_system: ClassVar[str] = TUTOR
    tags: ClassVar[tuple[str, ...]] = ("Response", "Query")

    def read(self, row: Row, profile: Profile) -> SimArenaMathItem:
        if row.text("unusable"):
            row.fail(row.text("unusable"))
        row = unpacked(row, profile, "problem", "human_user_queries", "human_public_conversation")
        problem = row.text("problem")
        return SimArenaMathItem(
            **row.identity(row.text("worker_id") or digest(problem)),
            human_queries=queries(row, profile),
            human_talk=human_talk(row, self.person, self.helper, profile),
            profile_text=row.text("user_profile_text"),
            interaction_features=features(row, "target_interaction_style_features", profile),
            problem=problem,
        )

    def original(self, data: Path) -> Iterable[Row] | None:
        return lesson_rows(data) if (data / LESSONS).is_file() else None

    def prompt(self, item: SimArenaMathItem) -> Prompt:
        who = Section(heading="# Who you are", text=item.profile_text)
        return Prompt(
            system=Prompt(sections=(Section(text=PLAY), _problem(item), who)).user,
            sections=(_problem(item), Section(name="ask", text="Write your first message to the tutor.")),
        )

    def request(self, item: SimArenaMathItem, message: str) -> str:
        return Prompt(sections=(_problem(item), Section(heading="# The student's question", text=message))).user

    async def judge(self, item: SimArenaMathItem, heard: Heard, episode: Episode, bench: Bench) -> None:
        await bench.similarity("writing_style", WRITING, "\n".join(item.human_queries), heard.messages)
        await bench.similarity("interaction_style", INTERACTION, item.human_talk, heard.talk)
        bench.metrics["fulfillment_rate"] = None
        if item.interaction_features:
            panel = await bench.fulfilment(item.interaction_features, heard.messages)
            # As published, a verdict without results is no rate; `improved` accepts none such.
            if all(verdict.results for verdict in panel.verdicts):
                bench.note("fulfillment_rate", panel, Fulfilment.rate)
        if bench.profile is Profile.IMPROVED:
            sections = (
                _problem(item),
                Section(heading="# The student before the talk", text=item.profile_text),
                Section(heading="# The talk", text=heard.talk),
            )
            await bench.rating("learning", LEARNING, sections, LearningRating)

    def weigh(self, metrics: Mapping[str, float | None], profile: Profile) -> float:
        ratings = [metrics["writing_style_likert"], metrics["interaction_style_likert"]]
        if profile is Profile.REFERENCE:
            return mean_with_nulls([*(share(rating, STYLE_MOST) for rating in ratings), metrics["fulfillment_rate"]])
        ratings.append(metrics["learning_rating"])
        return mean_of_known([*(place(rating, STYLE_MOST) for rating in ratings), metrics["fulfillment_rate"]]) or 0.0


def _problem(item: SimArenaMathItem) -> Section:
    return Section(heading="# The problem", text=item.problem)
