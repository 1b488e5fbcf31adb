"""What the numbers of a run say, in plain words: a sentence per thing measured, none that the numbers do not carry."""

from __future__ import annotations

from collections.abc import Iterator

from odyssim.report.records import RunRecords, earlier, latest
from odyssim.report.shown import against_chance, number, percent, percent_interval
from odyssim.soul.next_turn import NextTurnResult
from odyssim.soul.result import TaskResult


def verdict(run: RunRecords) -> list[str]:
    """The sentences at the top of a report."""
    return [*_training(run), *_tasks(run), *_likeness(run)] or ["Nothing has been measured in this run yet."]


def _training(run: RunRecords) -> Iterator[str]:
    if run.training is not None:
        three = (run.training.best, run.training.untrained, run.training.unigram)
        best, untrained, unigram = (number(one.overall.nll) for one in three)
        yield f"Validation loss {best} nats per human token (untrained {untrained}, a unigram model {unigram})."


def _tasks(run: RunRecords) -> Iterator[str]:
    for results in run.tasks.values():
        variant, result = latest(results)
        name = f"{result.title}, {variant}" if variant == "untrained" else result.title
        yield task_sentence(name, result, earlier(results))


def task_sentence(name: str, result: TaskResult, before: TaskResult | None = None) -> str:
    """The score of a task beside chance and what it was `before` training, and whether guessing explains it."""
    if result.score is None:
        return f"{name}: no score ({result.note})."
    beside = [f"chance {percent(result.chance)}"] if result.chance is not None else []
    if before:
        beside.append(f"untrained {percent(before.score)}")
    score = f"{percent(result.score)}{percent_interval(result.interval)}"
    return f"{name} {score}" + (f" ({', '.join(beside)})" if beside else "") + f": {against_chance(result)}."


def _likeness(run: RunRecords) -> Iterator[str]:
    """Form and word choice apart: a text without sense can have the form of people's."""
    if not run.likeness:
        return
    variant, result = latest(run.likeness)
    before = earlier(run.likeness)
    who = "the untrained model's text" if variant == "untrained" else "the text"
    if result.likeness.excess is None:
        yield f"Too few dialogues to compare {who} with people's."
        return
    aside = f"; {number(before.likeness.excess)} before training" if before else ""
    form = f"{number(result.likeness.excess)} further from people than people are from each other"
    yield f"In form, {who} is {form} (scale 0 to 1{aside})."
    words = word_excess(result)
    if words is not None:
        aside = f" ({number(word_excess(before))} before training)" if before else ""
        yield f"In word choice, it is {number(words)} bits further{aside}."


def word_excess(result: NextTurnResult) -> float | None:
    """How much further the model's vocabulary is from people's than theirs from each other, in bits."""
    return result.likeness.words["word"].divergence.excess
