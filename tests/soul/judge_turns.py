"""Made-up turns of people and of a polite machine, enough to train the small judge in a second."""

from __future__ import annotations

import json
import random
from pathlib import Path

_OPENERS = "nah,lol,wait,ok so,hm,yeah no,idk,well".split(",")
_CORES = "cant do thurs,the bus is late again,mine is at dees,that was the other one,its too dear,ask ruth".split(",")
_POLITE = "Certainly!,Thank you for your message.,I understand your concern.,Great question!".split(",")
_OFFERS = (
    "I would be happy to help you with",
    "Please let me know if you need assistance with",
    "I will gladly look into",
)
_MATTERS = "your booking,the delivery,this matter,the schedule,your account,the available options".split(",")


def write_sides(folder: Path, *, turns: int = 120) -> tuple[Path, Path]:
    """A JSONL file of people's turns and one of the machine's: `turns` each, three of each to a dialogue."""
    dice = random.Random(5)
    people = [
        f"{dice.choice(_OPENERS)} {dice.choice(_CORES)} {dice.choice(['', '??', '..', ' tho'])}" for _ in range(turns)
    ]
    machine = [f"{dice.choice(_POLITE)} {dice.choice(_OFFERS)} {dice.choice(_MATTERS)}." for _ in range(turns)]
    return _written(folder / "people.jsonl", people), _written(folder / "machine.jsonl", machine)


def _written(path: Path, texts: list[str]) -> Path:
    lines = [json.dumps({"text": text, "dialogue": f"talk {number // 3}"}) for number, text in enumerate(texts)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
