"""Questions with an answer key: somebody poses the question, and a respondent's answer is imitated."""

from __future__ import annotations

from odyssim.types import Turn


def exam(task: str, answer: str) -> tuple[Turn, Turn]:
    """`task` as a turn of the narrator, `answer` as the respondent's."""
    return (
        Turn(speaker="Narrator", text=task.strip(), human=False, train=False),
        Turn(speaker="respondent", text=answer.strip(), human=True, train=True),
    )


def opening(story: str) -> str:
    """The first sentence of a story: split by it, all versions of one story fall on the same side."""
    return story.strip().split(". ", maxsplit=1)[0]
