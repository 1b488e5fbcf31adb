"""A small benchmark folder in every upstream layout, with texts of ours: nothing in it is from a published set."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

_WORDS = """
apron basin candle dairy ember fennel gravel harbour inkwell jersey kettle lantern meadow needle orchard parcel quarry
ribbon saddle thimble umbrella velvet willow yonder zephyr anchor bramble copper drizzle engine feather garnet hollow
island jumble kernel ladder marble napkin otter pepper quiver ripple sorrel timber usher vessel wicker yellow zigzag
it's don't café naïve carries wanders borrows mends forgets answers waits climbs whispers promises hides returns
""".split()
_INNOCENT = """
sunday football was fun but my knee hurts so i stayed home and cooked soup for everyone then we watched some old
movies until late what did you do over there any news from your sister about the new job in the city
""".split()
_HAN = "山水火木金土日月人口手足目耳心田雨风云雪花草虫鱼鸟马牛羊大小上下左右前后东西南北春夏秋冬红黄蓝白黑"


def prose(rng: random.Random, words: int) -> str:
    """A text of that many words which nobody else ever wrote."""
    return _sentence(rng, words, _WORDS)


def small_talk(rng: random.Random, words: int) -> str:
    """A text from other words than `prose`: an innocent one."""
    return _sentence(rng, words, _INNOCENT)


def write_benchmarks(data: Path, seed: int = 0) -> None:
    """Fill `data`/bench with a few items of every benchmark."""
    rng = random.Random(seed)
    for name, content in _files(rng).items():
        path = data / "bench" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            path.write_text(content, encoding="utf-8")
        elif path.suffix == ".jsonl":
            path.write_text("".join(json.dumps(record) + "\n" for record in content), encoding="utf-8")
        else:
            path.write_text(json.dumps(content), encoding="utf-8")


def _sentence(rng: random.Random, words: int, vocabulary: list[str]) -> str:
    text = " ".join(rng.choices(vocabulary, k=words))
    return f"{text[0].upper()}{text[1:]}."


def _files(rng: random.Random) -> dict[str, Any]:
    def say(words: int) -> str:
        return prose(rng, words)

    def han(count: int) -> str:
        return "".join(rng.choices(_HAN, k=count)) + "。"

    def story() -> list[str]:
        return [say(5) for _ in range(8)]

    def numbered(lines: list[str]) -> str:
        return "\n".join(f"{number} {line}" for number, line in enumerate(lines, start=1))

    def talk(*lengths: int) -> list[dict[str, str]]:
        roles = ("user", "assistant")
        return [{"role": roles[place % 2], "content": say(length)} for place, length in enumerate(lengths)]

    def scene() -> dict[str, Any]:
        return {
            "scenario": say(40),
            "key_characters": [{"name": "Ada", "thought": say(20)}],
            "dialogues": [{"character": "Ada", "message": f"[{say(14)}] ({say(3)}) {say(16)}"} for _ in range(3)],
            "plot": {
                "summary": say(30),
                "key_characters": [{"name": "Ada", "description": say(15), "summary": say(18)}],
            },
            "character_profiles": {"Ada": say(60)},
        }

    def tom_item() -> dict[str, str]:
        chinese = {"故事": han(45), "问题": han(12), **{f"选项{letter}": han(5) for letter in "ABCD"}}
        return chinese | {"STORY": say(30), "QUESTION": say(8), **{f"OPTION-{letter}": say(4) for letter in "ABCD"}}

    questions = [say(6) for _ in range(3)]
    tomi_lines = [
        numbered([*lines, f"{question}\tbox\t1"]) for lines in (story(), story()) for question in questions[:2]
    ]
    return {
        "coser/data/test/test_set.json": [scene(), scene()],
        "hitom/Hi-ToM_data.json": {
            "data": [
                {
                    "story": numbered(story()),
                    "question": question,
                    "choices": "A. red_box, B. blue_crate",
                    "answer": "red_box",
                    "story_length": 1,
                    "question_order": 0,
                }
                for question in questions
            ]
        },
        "mirrorbench/scratch_pad/data/oasst1/oasst1_mirror.jsonl": [
            {"task_description": say(35), "turns": talk(20, 30, 9, 4)},
            {"task_description": say(35), "turns": talk(5, 4)},
            {"task_description": say(35), "turns": [{"role": "user", "content": "Hello, how are you today?"}]},
        ],
        "mistakes_mae/data/data.json": [
            {
                "Question": question,
                "Incorrect Answer": say(3),
                "Correct Answer": say(2),
                "Misconception": say(20),
                "Explanation": say(15),
            }
            for question in ("Simplify 4/6", say(7), say(25), "2/3*4/6=")
        ],
        "simulator_arena/data/document_creation_annotations_for_benchmarking.json": [
            {
                "intent": say(14),
                "user_queries": [say(9), say(16)],
                "ai_responses": [say(80)],
                "document_history": [say(60)],
                "bullet_points_responses": [say(13)],
            }
        ],
        "simulator_arena/data/document_creation_user_simulator_background.json": {
            "a": [{"question": say(9), "answer": say(20)}, {"question": say(9), "answer": say(4)}]
        },
        "simulator_arena/data/user_simulator_profiles/document_creation/preferences.json": {
            "a": [{"Preference Question": say(9), "Preference Question Answer": say(14)}]
        },
        "simulator_arena/data/math_tutoring_annotations_redacted_for_benchmarking.json": [
            {
                "user_queries": [say(11), say(15)],
                "ai_responses": [say(50)],
                "turk_solution": say(20),
                "turk_problem_2_solution": say(15),
                "turk_initial_solution": say(13),
            }
        ],
        "simulator_arena/data/math_tutoring_problems_extracted_concepts.json": {
            "0": {"extracted_concepts": [{"Concept Name": say(2), "Concept Explanation": say(22)}]}
        },
        "simulator_arena/data/user_simulator_profiles/math_tutoring/knowledge_state.json": {
            "a": {"concepts": [{"Status": "known"}], "response": say(70)}
        },
        "sotopia/profiles/environment_profiles.jsonl": [
            {"scenario": say(10), "agent_goals": [f"{say(8)} (<extra_info>{say(18)}</extra_info>)", say(15)]},
            {"scenario": say(30), "agent_goals": [say(6), say(16)]},
        ],
        "sotopia/profiles/agent_profiles.jsonl": [
            {"public_info": say(20), "personality_and_values": say(25), "secret": say(6)}
        ],
        "sotopia/profiles/relationship_profiles.jsonl": [{"background_story": say(30)}],
        "tau2_bench/data/tau2/domains/retail/tasks.json": [
            {
                "user_scenario": {
                    "persona": say(14),
                    "instructions": {"reason_for_call": say(30), "known_info": say(8), "unknown_info": None},
                },
                "ticket": say(25),
            }
        ],
        "tau_bench/few_shot_data/MockRetailDomainEnv-few_shot.jsonl": [
            {"messages_display": f"user: {say(9)}\nassistant: {say(20)}\nuser: {say(8)}\nassistant: {say(6)}"}
        ],
        "tombench/data/False Belief Task.jsonl": [tom_item(), tom_item()],
        "tomi/tomi_balanced_story_types/fb_all_test.txt": "\n".join(tomi_lines) + "\n",
        "tomi_fixed/data/fixedtomi/test_balanced.jsonl": [
            {"story": numbered(story()), "question": questions[0], "answer": "box", "containers": ["box", "crate"]}
        ],
    }
