"""Where the texts of the published evaluation items stand: one line per kind of file.

A field path leads through objects by key and through lists by position or `*`; every text at or below its end is
meant. Databases and policies of simulated shops and airlines are no items and are left out.
"""

from __future__ import annotations

from typing import Final, Literal

from odyssim.corpus.decontaminate.fingerprint import GRAM, words
from odyssim.types import Record

_NUMBERED_LINES: Final = r"(?m)^\d+ "
_SPEAKER_LABELS: Final = r"(?m)^(?:user|assistant): "
_BRACKETS: Final = r"[\[\]()]"
_TAGS: Final = r"</?\w+>"

_EVERYDAY: Final = 8
"""Words from which a chat turn is its writer's own: shorter ones ("Hello, how are you today?") are everybody's."""


class Benchmark(Record):
    """One kind of file of a published benchmark.

    `dataset` is the folder below `bench`, `task` whose items these are, `files` a glob, `at` the dotted path of the
    records within a JSON file. `texts` are the fields that make an item. `prompts`, some of them, give it away by
    themselves, even below 13 words if they have `shortest` words or more. With `split`, a regular expression, an item
    is taken in two forms: as it stands, and cut where the expression matches, since a corpus may lack the line
    numbers, speaker labels or tags.
    """

    dataset: str
    task: str
    files: str
    texts: tuple[str, ...]
    prompts: tuple[str, ...] = ()
    shortest: int = 3
    form: Literal["json list", "json object", "jsonl", "babi"] = "jsonl"
    at: str = ""
    split: str = ""

    def counts_whole(self, prompt: str) -> bool:
        """Whether a prompt too short for a 13-gram is its own writer's: numbers alone are everybody's."""
        return self.shortest <= len(words(prompt)) < GRAM and any(letter.isalpha() for letter in prompt)


BENCHMARKS: Final[tuple[Benchmark, ...]] = (
    Benchmark(
        dataset="coser",
        task="coser",
        files="data/test/test_set.json",
        form="json list",
        texts=(
            "scenario",
            "key_characters.*.thought",
            "dialogues.*.message",
            "plot.summary",
            "plot.key_characters.*.description",
            "plot.key_characters.*.summary",
            "character_profiles",
        ),
        split=_BRACKETS,
    ),
    Benchmark(
        dataset="hitom",
        task="hitom",
        files="Hi-ToM_data.json",
        form="json list",
        at="data",
        texts=("story", "question", "choices"),
        split=_NUMBERED_LINES,
    ),
    Benchmark(
        dataset="mirrorbench",
        task="mirrorbench",
        files="scratch_pad/data/*/*_mirror.jsonl",
        texts=("task_description", "turns.*.content"),
        prompts=("turns.*.content",),
        shortest=_EVERYDAY,
    ),
    Benchmark(
        dataset="mistakes_mae",
        task="mistakes",
        files="data/data.json",
        form="json list",
        texts=("Question", "Incorrect Answer", "Correct Answer", "Misconception", "Explanation"),
        prompts=("Question",),
    ),
    Benchmark(
        dataset="simulator_arena",
        task="sim_arena_doc",
        files="data/document_creation_annotations_for_benchmarking.json",
        form="json list",
        texts=("intent", "user_queries", "ai_responses", "document_history", "bullet_points_responses"),
        prompts=("user_queries",),
        shortest=_EVERYDAY,
    ),
    Benchmark(
        dataset="simulator_arena",
        task="sim_arena_doc",
        files="data/document_creation_user_simulator_background.json",
        form="json object",
        texts=("*.answer",),
    ),
    Benchmark(
        dataset="simulator_arena",
        task="sim_arena_doc",
        files="data/user_simulator_profiles/document_creation/preferences.json",
        form="json object",
        texts=("*.Preference Question Answer",),
    ),
    Benchmark(
        dataset="simulator_arena",
        task="sim_arena_math",
        files="data/math_tutoring_annotations_redacted_for_benchmarking.json",
        form="json list",
        texts=("user_queries", "ai_responses", "turk_solution", "turk_problem_2_solution", "turk_initial_solution"),
        prompts=("user_queries",),
        shortest=_EVERYDAY,
    ),
    Benchmark(
        dataset="simulator_arena",
        task="sim_arena_math",
        files="data/math_tutoring_problems_extracted_concepts.json",
        form="json object",
        texts=("extracted_concepts.*.Concept Explanation",),
    ),
    Benchmark(
        dataset="simulator_arena",
        task="sim_arena_math",
        files="data/user_simulator_profiles/math_tutoring/knowledge_state.json",
        form="json object",
        texts=("response",),
    ),
    Benchmark(
        dataset="sotopia",
        task="sotopia",
        files="profiles/environment_profiles.jsonl",
        texts=("scenario", "agent_goals"),
        prompts=("scenario",),
        split=_TAGS,
    ),
    Benchmark(
        dataset="sotopia",
        task="sotopia",
        files="profiles/agent_profiles.jsonl",
        texts=("public_info", "personality_and_values", "secret"),
    ),
    Benchmark(
        dataset="sotopia",
        task="sotopia",
        files="profiles/relationship_profiles.jsonl",
        texts=("background_story",),
    ),
    Benchmark(
        dataset="tau2_bench",
        task="tau_usi",
        files="data/tau2/domains/*/tasks*.json",
        form="json list",
        texts=("user_scenario", "ticket"),
    ),
    Benchmark(
        dataset="tau_bench",
        task="tau_usi",
        files="few_shot_data/*.jsonl",
        texts=("messages_display",),
        split=_SPEAKER_LABELS,
    ),
    Benchmark(
        dataset="tombench",
        task="tombench",
        files="data/*.jsonl",
        texts=("故事", "问题", "选项A", "选项B", "选项C", "选项D"),
        prompts=("故事",),
    ),
    Benchmark(
        dataset="tombench",
        task="tombench",
        files="data/*.jsonl",
        texts=("STORY", "QUESTION", "OPTION-A", "OPTION-B", "OPTION-C", "OPTION-D"),
        prompts=("STORY",),
    ),
    Benchmark(
        dataset="tomi",
        task="paratomi",
        files="tomi_balanced_story_types/fb_all_test.txt",
        form="babi",
        texts=("story", "question"),
        split=_NUMBERED_LINES,
    ),
    Benchmark(
        dataset="tomi_fixed",
        task="paratomi",
        files="data/fixedtomi/test_balanced.jsonl",
        texts=("story", "question"),
        split=_NUMBERED_LINES,
    ),
)
