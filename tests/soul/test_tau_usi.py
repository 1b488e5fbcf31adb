"""τ-USI: features at their traps, people against people, batches and runs, difficulty, surveys, and the index."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odyssim.errors import DataError
from odyssim.soul.tau_usi.dialogue import (
    Answer,
    Dialogue,
    Dialogues,
    Said,
    in_batches,
    in_runs,
    outcomes_by_run,
    task_of,
)
from odyssim.soul.tau_usi.difficulty import Difficulty, bin_of, frozen_difficulty, pooled_difficulty
from odyssim.soul.tau_usi.features import DIMENSIONS, FEATURES, Side, dialogue_features
from odyssim.soul.tau_usi.proxy import moved, proxy_reward
from odyssim.soul.tau_usi.result import TauUsi
from odyssim.soul.tau_usi.score import Simulator, tau_usi
from odyssim.soul.tau_usi.survey import agreement, numpy_draw

PEOPLE_SAY = ("ok", "need to return the lamp", "no idea, maybe april?", "thats wrong", "yes", "how long does it take")
AGENTS_SAY = (
    "Thank you for your patience — I would like to proceed with the refund, please.",
    "I understand that your reservation cannot be changed; could I verify the details?",
    "I appreciate the clarification, and I confirm the cancellation of order W1234567.",
)


def dialogue(*turns: str, reward: float | None = 1.0, keep: object = True, **fields: object) -> Dialogue:
    said = [
        {"role": role, "content": text} for turn in turns for role, text in (("assistant", "Go on."), ("user", turn))
    ]
    return Dialogue.model_validate({"conversation": said, "reward": reward, "keep": keep, **fields})


def drawn(lines: tuple[str, ...], ids: list[str], seed: int) -> dict[str, Dialogue]:
    draw = random.Random(seed)
    return {name: dialogue(*draw.choices(lines, k=5), reward=float(draw.random() < 0.6)) for name in ids}


TASKS = [f"retail_{number}" for number in range(20)]
HUMAN_IDS = [f"{task}{end}" for end in ("", "_ann2", "_ann3") for task in TASKS]


@pytest.fixture(scope="module")
def people() -> Dialogues:
    return drawn(PEOPLE_SAY, HUMAN_IDS, seed=1)


def features(*turns: str, side: Side = Side.SIMULATOR) -> dict[str, float]:
    found = dialogue_features([Said(role="user", content=turn) for turn in turns], side)
    assert found is not None
    return found


# --- one dialogue -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("turn", "hits"),
    [
        ("I was kind of you know lost", {"uncertainty_rate", "politeness_rate"}),
        ("appreciated, pleased, troubled", set()),
        ("this is ridiculous", {"emotion_rate", "accusation_rate"}),
        ("is there?", set()),
        ("is there any", {"info_q_rate"}),
        ("I don’t know", set()),
        ("i don't know", {"uncertainty_rate"}),
        ("did you try it", set()),
        ("did you trie it", {"id_confuse_rate"}),
        ("Are you sure? What do you mean", {"pushback_q_rate"}),
        ("what do you mean, how much", {"clarify_q_rate"}),
        ("wait, what is it", {"clarify_q_rate"}),
        ("don't ask me that\nonce again", set()),
        ("don't ask me that once again", {"pushback_q_rate"}),
        ("is there another way to pay", {"pivot_rate", "info_q_rate"}),
        ("that – was it", {"formality_rate"}),
        ("uh-huh -!", {"ack_only_rate"}),
    ],
)
def test_what_a_turn_hits(turn: str, hits: set[str]) -> None:
    labels = {name for name, value in features(turn).items() if name.endswith("_rate") and value}
    assert labels - {"short_msg_rate"} == hits


@pytest.mark.parametrize(
    ("turn", "count"), [("jamie@x.com", 1), ("W1234567", 1), ("cafés", 0), ("please cancel", 2), ("anna_li_123", 1)]
)
def test_identifiers_are_mostly_long_words(turn: str, count: int) -> None:
    assert features(turn)["id_density"] == count


def test_lengths_and_repetition() -> None:
    found = features("one two three four", "", "a b")
    assert (found["user_words_per_turn"], found["opening_words"]) == (2, 4)
    assert found["short_msg_rate"] == pytest.approx(2 / 3)
    assert found["info_frontload"] == pytest.approx(4 / 6)
    assert found["verbosity_cv"] == pytest.approx((8 / 3) ** 0.5 / 2)
    assert [features(*["a b c"] * n)["repeat_rate"] for n in (10, 11)] == [0, 1]
    assert features("a b c a b", *["c"] * 40)["repeat_rate"] == 0
    assert features("")["verbosity_cv"] == features("")["info_frontload"] == 0


def test_each_side_has_its_own_noise() -> None:
    noise = ["\\tau start", "\\reward 1", "see <|survey|> here", " /stop "]
    assert dialogue_features([Said(role="user", content=text) for text in noise], Side.HUMAN) is None
    assert features(*noise)["n_turns"] == 4
    assert dialogue_features([Said(role="user", content=" ###STOP###\n")], Side.SIMULATOR) is None
    assert features("thanks ###STOP###")["politeness_rate"] == 1
    assert dialogue_features([Said(role="assistant", content="Hello"), Said(role="tool")], Side.HUMAN) is None
    marked = "<|think|>sorry\nsorry<|/think|>go <function=pay>please</function>on <function=x> please"
    assert (features(marked)["politeness_rate"], features(marked)["opening_words"]) == (0, 2)


@given(st.lists(st.text(max_size=40), min_size=1, max_size=6))
def test_features_are_finite_and_rates_are_shares(turns: list[str]) -> None:
    found = dialogue_features([Said(role="user", content=turn) for turn in turns], Side.HUMAN)
    if found is not None:
        assert tuple(found) == FEATURES
        assert all(0 <= value <= 1 for name, value in found.items() if name.endswith(("_rate", "frontload")))
        assert found["clarify_q_rate"] + found["pushback_q_rate"] + found["info_q_rate"] <= 1 + 1e-12


# --- batches, runs, difficulty ----------------------------------------------------------------------------------


def test_tasks_batches_and_runs() -> None:
    ids = ["retail_12_ann2", "retail_12_3", "telecom_4", "xretail_3"]
    assert [task_of(name) for name in ids] == ["retail_12", "retail_12", "telecom_4", "xretail_3"]
    one = dialogue("hi")
    first, second, third = in_batches(dict.fromkeys(("retail_1", "retail_1_ann2", "airline_2_ann3"), one))
    assert (set(first), set(second), set(third)) == ({"retail_1"}, {"retail_1"}, {"airline_2"})
    few = {f"retail_{task}_{run}": one for task in range(50) for run in (1, 2, 3)}
    assert [set(run) for run in in_runs(few)] == [set(few)]
    assert [len(run) for run in outcomes_by_run(few)] == [50, 50, 50]
    many = few | {f"airline_{task}": one for task in range(21)}
    rest, *numbered = in_runs(many)
    assert len(rest) == 18
    assert set(numbered[0]) == {f"retail_{task}" for task in range(50)} | {"airline"}


def test_keep_is_read_in_two_ways() -> None:
    kept = {f"retail_{place}": dialogue("hi", keep=keep) for place, keep in enumerate((True, False, None, 0))}
    kept["retail_4"] = Dialogue()
    assert [one.kept for one in kept.values()] == [True, False, False, False, True]
    assert set(outcomes_by_run(kept)[0]) == {"retail_0", "retail_2", "retail_3", "retail_4"}


def test_two_dialogues_of_one_task_and_run_are_refused() -> None:
    with pytest.raises(DataError, match="'retail_3', the second is 'retail_3_1'"):
        outcomes_by_run({"retail_3": dialogue("hi"), "retail_3_1": dialogue("hi")})


def test_the_published_map_holds_every_task_once() -> None:
    bins = frozen_difficulty().bins
    assert set(bins) == {*(f"retail_{n}" for n in range(115)), *(f"airline_{n}" for n in range(50))}
    counts = {domain: [0] * 5 for domain in ("retail", "airline")}
    for task, number in bins.items():
        counts[task.split("_")[0]][number] += 1
    assert counts == {"retail": [3, 13, 23, 49, 27], "airline": [1, 4, 14, 17, 14]}
    assert (bins["retail_102"], bins["airline_13"]) == (3, 4)


def test_pooling_needs_ten_samples() -> None:
    runs = [{"retail_0": 1, "retail_1": 0} for _ in range(9)]
    assert pooled_difficulty("x", [*runs, {"retail_0": 0}]).success == {"retail_0": 0.9}
    assert [bin_of(value) for value in (-0.1, 0.199, 0.2, 0.8, 1)] == [0, 0, 1, 4, 4]


# --- the index --------------------------------------------------------------------------------------------------


def score(name: str, dialogues: Dialogues, human: Dialogues, draws: int = 200) -> TauUsi:
    return tau_usi([Simulator.of(name, dialogues)], human, draws=draws)


def test_a_person_scores_like_people_and_an_agent_does_not(people: Dialogues) -> None:
    (person,) = score("person", drawn(PEOPLE_SAY, TASKS, seed=9), people).simulators
    (agent,) = score("agent", drawn(AGENTS_SAY, TASKS, seed=9), people).simulators
    assert person.usi.mean is not None
    assert agent.usi.mean is not None
    assert person.usi.mean > agent.usi.mean + 20
    for row in (person, agent):
        assert row.usi.interval is not None
        assert row.usi.interval.low < row.usi.mean < row.usi.interval.high  # type: ignore[operator]
    assert agent.below_people is not None
    assert agent.below_people.interval is not None
    assert agent.below_people.interval.low > 0
    assert agent.dimensions["D4_react"].mean == pytest.approx(100 / 3)  # neither side is emotional: one of three
    alike = {one.feature: one.similarity for one in agent.features}
    assert alike["short_msg_rate"] == 0
    assert alike["repeat_rate"] == 1


def test_the_same_dialogues_score_full_marks(people: Dialogues) -> None:
    batch = in_batches(people)[0]
    human = {f"{task}{end}": one for task, one in batch.items() for end in ("", "_ann2", "_ann3")}
    result = score("copy", batch, human)
    for row in (result.human, *result.simulators):
        assert row.usi5.mean == pytest.approx(100)
        assert row.ece.mean == 0
        assert row.usi5.sd == pytest.approx(0, abs=1e-9)
        assert [cell.mean for cell in row.dimensions.values()] == pytest.approx([100] * 4)


def test_the_index_is_the_mean_of_its_terms(people: Dialogues) -> None:
    (row,) = score("person", drawn(PEOPLE_SAY, TASKS, seed=3), people, draws=0).simulators
    by_batch = [
        (sum(value or 0.0 for value in batch.dimensions.values()) + 100 * (1 - (batch.ece_by_run[0] or 0.0))) / 5
        for batch in row.batches
    ]
    assert row.usi5.mean == pytest.approx(sum(by_batch) / 3)
    assert row.usi5.interval is None
    (again,) = score("person", drawn(PEOPLE_SAY, TASKS, seed=3), people, draws=50).simulators
    assert again.usi5.mean == row.usi5.mean


def test_intervals_repeat_under_a_seed_and_need_six_tasks(people: Dialogues) -> None:
    simulated = drawn(PEOPLE_SAY, TASKS, seed=3)
    assert score("a", simulated, people) == score("a", simulated, people)
    few = {task: simulated[task] for task in TASKS[:5]}
    assert score("a", few, people).simulators[0].usi.interval is None


def test_what_a_reader_must_know_is_noted(people: Dialogues) -> None:
    odd = {"retail_0": dialogue("hi"), "telecom_9": dialogue("hi")}
    result = tau_usi([Simulator.of("odd", odd)], people, difficulty=Difficulty(source="none", bins={}), draws=0)
    (row,) = result.simulators
    assert row.notes[0] == "1 of 2 dialogues match no person's, for example 'telecom_9'"
    assert row.notes[1].startswith("19 of the people's 20 tasks are not there")
    assert (row.usi.mean, row.ece.mean) == (None, None)
    assert row.dimensions["D1_conv"].mean is not None
    stranger = score("stranger", {"telecom_9": dialogue("hi")}, people, draws=0).simulators[0]
    assert (stranger.batches, stranger.usi.mean) == ((), None)
    alone = tau_usi([Simulator.of("a", drawn(PEOPLE_SAY, TASKS, 3))], in_batches(people)[0], draws=0)
    assert "no ceiling" in alone.human.notes[0]
    assert alone.human.usi.mean is None
    with pytest.raises(DataError, match="no dialogue of the human baseline is kept"):
        score("a", odd, {"retail_0": dialogue("hi", keep=False)})


def test_silence_poisons_its_dimension_but_counts_as_a_dialogue() -> None:
    human = {f"{task}{end}": dialogue("hi", reward=2.0) for task in TASKS for end in ("", "_ann2", "_ann3")}
    silent = {task: dialogue(reward=0.4) for task in TASKS}
    (row,) = score("silent", silent, human, draws=0).simulators
    assert row.dimensions["D1_conv"].mean is None
    assert row.usi.mean is None
    assert (row.batches[0].other["n"], row.batches[0].other["success"], row.batches[0].human["success"]) == (20, 0, 2)


# --- the survey -------------------------------------------------------------------------------------------------


def survey(**answers: object) -> dict[str, Answer]:
    return {question: Answer.model_validate({"answer": answer}) for question, answer in answers.items()}


def test_agreement_of_two_surveys() -> None:
    human = survey(reuse="Yes", human_like="No", efficiency="no option")
    assert agreement(human, human, numpy_draw()) == 100
    assert agreement(human, survey(reuse="Maybe", human_like="Partially"), numpy_draw()) == pytest.approx(62.5)
    few, many = (survey(question_amount_preference=answer) for answer in ("Too few", "Too many"))
    assert agreement(few, many, numpy_draw()) == 100
    assert agreement({}, human, numpy_draw()) is None
    assert agreement(human, survey(reuse=["Yes"]), lambda values: values[-1]) == pytest.approx(37.5)


def test_six_terms_need_the_survey(people: Dialogues) -> None:
    def filled(source: Dialogues, answer: Callable[[str], str]) -> Dialogues:
        return {name: one.model_copy(update={"survey": survey(reuse=answer(name))}) for name, one in source.items()}

    answered = filled(people, lambda name: "Yes")
    simulated = drawn(PEOPLE_SAY, TASKS, seed=3)
    result = tau_usi(
        [
            Simulator.of("silent", simulated, filled(people, lambda name: "?")),
            Simulator.of("asked", simulated, filled(people, lambda name: "Maybe")),
        ],
        answered,
        human_surveys=filled(in_batches(people)[0], lambda name: "Yes"),
        draws=0,
    )
    silent, asked = result.simulators
    assert (result.human.form, asked.form, result.ranked_by) == ("usi6", "usi6", "usi6")
    assert asked.eval_agree is not None
    assert asked.eval_agree.mean == 75
    assert asked.usi6 is not None
    assert asked.usi6.mean == pytest.approx((5 * (asked.usi5.mean or 0.0) + 75) / 6)
    assert asked.usi == asked.usi6
    assert "60 of 60 survey answers are missing" in silent.notes[-1]
    mixed = tau_usi([Simulator.of("a", simulated), Simulator.of("b", simulated, answered)], answered, draws=0)
    assert [row.form for row in mixed.simulators] == ["usi5", "usi6"]
    assert mixed.ranked_by == "usi5"


def test_a_simulator_of_whom_nothing_is_kept_has_no_number(people: Dialogues) -> None:
    (row,) = score("gone", {task: dialogue("hi", keep=False) for task in TASKS}, people).simulators
    assert (row.usi.mean, row.batches) == (None, ())
    kept_for_style = {task: dialogue("hi") for task in TASKS}
    (row,) = tau_usi([Simulator("no outcomes", (kept_for_style,), ())], people, draws=0).simulators
    assert (row.usi.mean, row.batches[0].ece_by_run) == (None, ())
    assert row.dimensions["D1_conv"].mean is not None


def test_the_proxy_reward_moves_its_averages_and_is_no_index() -> None:
    seen = features("please return it")
    averages = moved(moved(None, seen), features("ok"))
    assert averages["politeness_rate"] == pytest.approx(0.9)
    terms = proxy_reward(seen, averages, dict.fromkeys(FEATURES, 0.0), mode="mse", rewards=(1.0, 0.0))
    assert terms["ece"] == 0
    assert terms["eval_agreement"] is None
    assert terms["D1_conv"] == pytest.approx((-0.9 * 1 - 1.0 * 1) / 7)


def test_dimensions_cover_every_scored_feature_once() -> None:
    scored = [feature for names in DIMENSIONS.values() for feature in names]
    assert len(scored) == len(set(scored)) == len(FEATURES) - 1 == 19


def test_the_result_can_be_read_again(people: Dialogues) -> None:
    result = score("a", drawn(PEOPLE_SAY, TASKS, seed=3), people, draws=20)
    assert TauUsi.model_validate_json(result.model_dump_json()) == result
