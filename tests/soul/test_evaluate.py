"""`evaluate` through Inspect: what is in the result, that it resumes, and that hopeless runs stop."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from odyssim.errors import ContextOverflow, DataError, EndpointDown, EndpointOverloaded, OdysSimError, UnknownName
from odyssim.models.scripted import Scripted
from odyssim.soul.evaluate import EvalConfig, evaluate, read_episodes
from odyssim.soul.result import EvalResult, summarise
from odyssim.soul.selection import select_items
from odyssim.tasks.base import means_by_facet
from odyssim.tasks.registry import get_task
from odyssim.tasks.rows import Row, write_rows
from odyssim.types import Message, Origin, Profile, Sampling

VILLAGE = EvalConfig(split="village", limit=30, seeds=(0, 1))


def test_a_random_guesser_is_at_chance(tmp_path: Path) -> None:
    result = evaluate("scripted/random-option", VILLAGE.model_copy(update={"limit": 100}), out=tmp_path)
    for row in result.tasks:
        assert row.n_samples == row.n_scored == 200
        assert row.n_items == 100
        assert row.interval is not None
        assert row.chance is not None
        assert row.interval.low <= row.chance <= row.interval.high
        assert row.metrics["answered"] == 1.0
        assert "not comparable" in row.note
        assert row.published == ()
    assert result.seeds == (0, 1)
    assert result.sampling == Sampling()
    assert result.cost.calls == 400
    assert EvalResult.model_validate_json((tmp_path / "eval.json").read_text()) == result
    assert len(read_episodes(tmp_path / "episodes.jsonl")) == 400


@pytest.mark.data
def test_published_items_carry_published_scores(tmp_path: Path, data_root: Path) -> None:
    config = EvalConfig(limit=20, profile=Profile.REFERENCE)
    result = evaluate("scripted/first-option", config, out=tmp_path, data=data_root)
    assert {origin for row in result.tasks for origin in row.origins} == {Origin.PUBLISHED}
    assert all(row.published for row in result.tasks)
    assert result.tasks[0].chance == pytest.approx(1 / 15)


class Counting:
    """A scripted model that counts, and fails with `error` from call `broken_from` on."""

    def __init__(self, error: Exception | None = None, broken_from: int = 0) -> None:
        self.calls = 0
        self.error = error
        self.broken_from = broken_from
        self.model = Scripted(self._answer, name="scripted/counting")

    def _answer(self, messages: Sequence[Message], sampling: Sampling) -> str | Exception:
        self.calls += 1
        return self.error if self.error and self.calls > self.broken_from else "<answer>A</answer>"


def test_a_finished_evaluation_is_not_run_again_but_other_settings_are(tmp_path: Path) -> None:
    counting = Counting()
    first = evaluate(counting.model, VILLAGE, out=tmp_path)
    again = evaluate(counting.model, VILLAGE, out=tmp_path)
    assert counting.calls == 120
    assert [row.score for row in first.tasks] == [row.score for row in again.tasks]
    evaluate(counting.model, VILLAGE.model_copy(update={"profile": Profile.REFERENCE}), out=tmp_path)
    assert counting.calls == 240


class Killed(BaseException):
    """Stands for a kill: nothing may catch it."""


def test_a_killed_evaluation_goes_on_where_it_stopped(tmp_path: Path) -> None:
    config = VILLAGE.model_copy(update={"tasks": ("hitom",), "concurrency": 4})
    broken = Counting(error=Killed(), broken_from=25)  # type: ignore[arg-type]
    with pytest.raises(BaseException):  # noqa: B017, PT011  (a kill surfaces as the event loop likes)
        evaluate(_raising(broken), config, out=tmp_path)
    counting = Counting()
    resumed = evaluate(counting.model, config, out=tmp_path)
    whole = evaluate(Counting().model, config, out=tmp_path / "whole")
    assert counting.calls < 60
    assert resumed.tasks[0].model_dump(exclude={"cost"}) == whole.tasks[0].model_dump(exclude={"cost"})


def _raising(counting: Counting) -> Scripted:
    def answer(messages: Sequence[Message], sampling: Sampling) -> str:
        line = counting._answer(messages, sampling)
        if isinstance(line, str):
            return line
        raise line

    return Scripted(answer, name="scripted/counting")


def test_a_run_in_which_everything_fails_alike_stops_early(tmp_path: Path) -> None:
    down = Counting(error=EndpointDown("nothing answers at http://127.0.0.1:9", hint="start the server"))
    config = VILLAGE.model_copy(update={"concurrency": 4, "limit": 100})
    with pytest.raises(OdysSimError, match="nothing answers") as stopped:
        evaluate(down.model, config, out=tmp_path)
    assert stopped.value.hint == "start the server"
    assert down.calls < 40


def test_trouble_after_a_first_answer_does_not_stop_a_run(tmp_path: Path) -> None:
    overloaded = Counting(error=EndpointOverloaded("busy"), broken_from=1)
    result = evaluate(overloaded.model, VILLAGE.model_copy(update={"tasks": ("hitom",)}), out=tmp_path)
    (row,) = result.tasks
    assert (row.n_scored, row.n_excluded, row.n_samples) == (1, 59, 60)
    assert row.interval is None


def test_started_again_a_run_asks_again_for_what_the_endpoint_failed(tmp_path: Path) -> None:
    config = VILLAGE.model_copy(update={"tasks": ("hitom",)})
    evaluate(Counting(error=EndpointOverloaded("busy"), broken_from=20).model, config, out=tmp_path)
    recovered = Counting()
    (row,) = evaluate(recovered.model, config, out=tmp_path).tasks
    assert (row.n_scored, row.n_excluded) == (60, 0)
    assert recovered.calls == 40


def test_items_that_all_fail_by_themselves_are_counted_and_give_no_score(tmp_path: Path) -> None:
    overflowing = Counting(error=ContextOverflow("too long"))
    result = evaluate(overflowing.model, VILLAGE.model_copy(update={"tasks": ("hitom",)}), out=tmp_path)
    (row,) = result.tasks
    assert row.score is None
    assert row.n_excluded == row.n_samples == 60
    assert "no sample could be scored" in row.note


def test_unknown_task_and_missing_data(tmp_path: Path) -> None:
    with pytest.raises(UnknownName):
        evaluate("scripted/echo", EvalConfig(tasks=("hitm",)), out=tmp_path)
    with pytest.raises(DataError, match="no such folder"):
        evaluate("scripted/echo", EvalConfig(), out=tmp_path, data=tmp_path / "nowhere")


def test_a_task_without_a_usable_item_says_so(tmp_path: Path) -> None:
    bad = Row("hitom", 0, {"story": "1 Ann came.", "question": "?", "choices": "A. x, B. y"}, Origin.PUBLISHED)
    write_rows(tmp_path / "data/hitom_val.parquet", [bad])
    data = tmp_path / "data"
    with pytest.raises(DataError, match="none of the options"):
        evaluate("scripted/first-option", EvalConfig(tasks=("hitom",)), out=tmp_path / "one", data=data)
    config = EvalConfig(tasks=("hitom", "fantom"), limit=2)
    hitom, fantom = evaluate("scripted/first-option", config, out=tmp_path / "two", data=data).tasks
    assert (hitom.score, hitom.n_samples, hitom.note, hitom.dropped[0].n) == (None, 0, "no usable item", 1)
    assert fantom.n_scored == 2


def test_fixtures_never_become_a_score(tmp_path: Path) -> None:
    evaluate("scripted/first-option", VILLAGE, out=tmp_path)
    samples = [
        sample.model_copy(update={"origin": Origin.FIXTURE}) for sample in read_episodes(tmp_path / "episodes.jsonl")
    ]
    row = summarise(samples)
    assert row["score"] is None
    assert row["interval"] is None
    assert "fixtures only: no score" in row["note"]


def test_selection_is_the_same_for_everybody() -> None:
    items = get_task("hitom").items("village")
    chosen = select_items(items, 20)
    assert chosen == select_items(items, 20)
    assert [item.id for item in items if item in chosen] == [item.id for item in chosen]
    assert select_items(items, 10_000) == list(items)


def test_breakdown_names_and_means() -> None:
    assert means_by_facet([(1.0, {"order": "0"}), (0.0, {"order": "1"})]) == {
        "accuracy_order_0": 1.0,
        "accuracy_order_1": 0.0,
        "accuracy_overall": 0.5,
    }


def test_a_broken_episode_file_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "episodes.jsonl"
    path.write_text("{}\n")
    with pytest.raises(DataError, match="line 1"):
        read_episodes(path)
