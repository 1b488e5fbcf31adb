"""The local engine: exact sampling, honest records, batches that do not show, failures with a name."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from shutil import copytree

import huggingface_hub
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from odyssim.errors import BadRequest, ConfigError, ContextOverflow, DataError, ModelCallError
from odyssim.models.base import ChatModel
from odyssim.models.local import LocalModel
from odyssim.models.local.batch import Row, generate, nucleus
from odyssim.models.local.checkpoint import Checkpoint, fingerprint
from odyssim.types import Message, Reply, Sampling, StopReason
from tests.models.tiny import POSITIONS, build_tiny_checkpoint

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_checkpoint(tmp_path_factory.mktemp("tiny") / "tiny-qwen3")


@pytest.fixture(scope="module", params=DEVICES)
def model(folder: Path, request: pytest.FixtureRequest) -> Iterator[LocalModel]:
    model = LocalModel(folder, device=request.param, batch_size=16)
    yield model
    asyncio.run(model.aclose())


@pytest.fixture(scope="module")
def reference(folder: Path) -> Checkpoint:
    """The same weights, asked without any of the engine's batching and sampling."""
    return Checkpoint.load(folder, torch.device("cpu"))


def said(text: str) -> list[Message]:
    return [Message(role="user", content=text)]


def ask(model: LocalModel, *requests: tuple[str, Sampling]) -> list[Reply]:
    """All requests at once, in an event loop of their own."""

    async def together() -> list[Reply]:
        return await asyncio.gather(*(model.say(said(text), sampling) for text, sampling in requests))

    return asyncio.run(together())


def next_token_scores(reference: Checkpoint, ids: Sequence[int]) -> torch.Tensor:
    """Scores [positions, vocab] that follow each of `ids`, in float64."""
    with torch.inference_mode():
        scores: torch.Tensor = reference.model(torch.tensor([ids])).logits[0]
    return scores.double()


# --- what a reply depends on ------------------------------------------------------------------------------------


def test_is_a_chat_model(model: LocalModel) -> None:
    assert isinstance(model, ChatModel)


def test_a_reply_does_not_depend_on_its_company(model: LocalModel) -> None:
    requests = [
        ("hi", Sampling(max_tokens=24, seed=1)),
        ("are you around later? " * 9, Sampling(max_tokens=7, seed=2, temperature=0.6)),
        ("hi", Sampling(max_tokens=24, seed=3, top_p=0.8)),
        ("no idea", Sampling(max_tokens=12, temperature=0.0)),
        ("ask her", Sampling(max_tokens=20, seed=4, temperature=1.5, top_p=0.5)),
    ]
    together = ask(model, *requests)
    alone = [ask(model, request)[0] for request in requests]
    for one, other in zip(together, alone, strict=True):
        assert one.token_ids == other.token_ids
        assert one.text == other.text
        assert one.logprobs == pytest.approx(other.logprobs, abs=1e-4)


def test_seeds_matter_and_an_unseeded_request_draws_its_own(model: LocalModel) -> None:
    def ids(seed: int | None) -> tuple[int, ...] | None:
        return ask(model, ("hi", Sampling(max_tokens=24, seed=seed)))[0].token_ids

    assert ids(7) == ids(7)
    assert ids(7) != ids(8)
    assert ids(None) != ids(None)


def test_any_integer_is_a_seed(model: LocalModel) -> None:
    ask(model, ("hi", Sampling(max_tokens=2, seed=-1)), ("hi", Sampling(max_tokens=2, seed=2**70)))


def test_temperature_zero_takes_the_likeliest_token_whatever_the_seed(model: LocalModel, reference: Checkpoint) -> None:
    first, second = ask(model, *(("hi", Sampling(max_tokens=12, temperature=0.0, seed=seed)) for seed in (1, 2)))
    assert first.token_ids == second.token_ids
    ids = reference.encode(said("hi"))
    for token in first.token_ids or ():
        assert token == next_token_scores(reference, ids)[-1].argmax()
        ids.append(token)


def test_replies_follow_the_softmax(model: LocalModel, reference: Checkpoint) -> None:
    temperature, top_p, draws = 0.8, 0.9, 1500
    scores = next_token_scores(reference, reference.encode(said("hi")))[-1:] / temperature
    expected = nucleus(scores, torch.tensor([[top_p]])).softmax(-1)[0] * draws
    sampling = Sampling(max_tokens=1, temperature=temperature, top_p=top_p)
    replies = ask(model, *(("hi", sampling.model_copy(update={"seed": seed})) for seed in range(draws)))
    observed = torch.zeros_like(expected)
    for reply in replies:
        assert reply.token_ids is not None
        observed[reply.token_ids[0]] += 1
    assert observed[expected == 0].sum() == 0
    common = expected >= 8
    cells = [torch.cat([counts[common], counts[~common].sum()[None]]) for counts in (observed, expected)]
    assert common.sum() > 10, "the check needs a distribution with many cells"
    assert chisquare(*cells).pvalue > 1e-3


@given(
    probabilities=st.lists(st.floats(0.01, 1.0), min_size=2, max_size=8, unique=True),
    top_p=st.floats(0.05, 0.95),
)
@settings(max_examples=60, deadline=None)
def test_nucleus_is_the_smallest_set_that_reaches_top_p(probabilities: list[float], top_p: float) -> None:
    chances = torch.tensor([probabilities], dtype=torch.float64)
    chances = chances / chances.sum()
    kept = nucleus(chances.log(), torch.tensor([[top_p]], dtype=torch.float64)).isfinite()
    assert chances[kept].sum() >= top_p - 1e-9
    assert chances[kept].sum() - chances[kept].min() < top_p + 1e-9
    assert chances[kept].min() >= chances[~kept].max() if (~kept).any() else True


# --- what a reply records ---------------------------------------------------------------------------------------


def test_logprobs_are_those_of_the_model_at_temperature_one(model: LocalModel, reference: Checkpoint) -> None:
    requests = [
        ("hi", Sampling(max_tokens=20, seed=1)),
        ("ask her now", Sampling(max_tokens=9, seed=2, temperature=0.5)),
    ]
    for (text, _), reply in zip(requests, ask(model, *requests), strict=True):
        assert reply.token_ids is not None
        prompt = reference.encode(said(text))
        logs = next_token_scores(reference, [*prompt, *reply.token_ids]).log_softmax(-1)
        expected = [logs[len(prompt) - 1 + n, token].item() for n, token in enumerate(reply.token_ids)]
        assert reply.logprobs == pytest.approx(expected, abs=1e-4)


def test_a_reply_ends_with_the_end_token_or_at_its_own_limit(model: LocalModel, reference: Checkpoint) -> None:
    limits = [5, 400] * 8
    replies = ask(model, *(("hi", Sampling(max_tokens=limit, seed=seed)) for seed, limit in enumerate(limits)))
    assert {reply.stop_reason for reply in replies} == {StopReason.END, StopReason.LENGTH}
    for limit, reply in zip(limits, replies, strict=True):
        assert reply.token_ids is not None
        ended = [token in reference.ends for token in reply.token_ids]
        assert not any(ended[:-1])
        assert ended[-1] == (reply.stop_reason is StopReason.END)
        assert ended[-1] or len(ended) == limit
        assert "<|" not in reply.text


def test_usage_and_cost(model: LocalModel, reference: Checkpoint) -> None:
    replies = ask(model, *(("hi", Sampling(max_tokens=limit, temperature=0.0)) for limit in (3, 6)))
    assert [reply.usage.completion_tokens for reply in replies] == [3, 6]
    for reply in replies:
        assert reply.usage.prompt_tokens == len(reference.encode(said("hi")))
        assert (reply.cost.calls, reply.cost.usd) == (1, 0.0)
        assert reply.cost.completion_tokens == reply.usage.completion_tokens
        assert reply.cost.seconds > 0


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_stop_string_is_cut_from_text_and_ids(model: LocalModel, reference: Checkpoint, length: int) -> None:
    sampling = Sampling(max_tokens=60, seed=11)
    (free,) = ask(model, ("hi", sampling))
    start = next(n for n in range(8, len(free.text)) if "\ufffd" not in free.text[n : n + length])
    stop = free.text[start : start + length]
    stopped, other = ask(
        model,
        ("hi", sampling.model_copy(update={"stop": ("never said", stop)})),
        ("hi", sampling),
    )
    assert other.token_ids == free.token_ids
    assert stopped.stop_reason is StopReason.END
    assert stopped.text == free.text[: free.text.index(stop)]
    assert stopped.token_ids is not None
    assert free.token_ids is not None
    assert stopped.token_ids == free.token_ids[: len(stopped.token_ids)]
    assert reference.decode(stopped.token_ids).startswith(stopped.text)
    assert not reference.decode(stopped.token_ids[:-1]).startswith(stopped.text)
    assert len(stopped.logprobs or ()) == len(stopped.token_ids) <= stopped.usage.completion_tokens
    assert stopped.usage.completion_tokens < len(free.token_ids)


def test_the_checkpoints_own_sampling_habits_do_not_bend_the_draw(folder: Path, tmp_path: Path) -> None:
    habits = {"do_sample": True, "top_k": 1, "repetition_penalty": 9.0, "temperature": 0.01}
    bent = copytree(folder, tmp_path / "bent")
    settings_file = bent / "generation_config.json"
    settings_file.write_text(json.dumps(json.loads(settings_file.read_text()) | habits))
    request = ("hi", Sampling(max_tokens=24, seed=5))
    assert ask(LocalModel(bent), request)[0].token_ids == ask(LocalModel(folder), request)[0].token_ids


# --- many callers -----------------------------------------------------------------------------------------------


def batches(replies: Sequence[Reply]) -> int:
    """Rows of one batch share its wall time, so their costs are equal."""
    return len({reply.cost.seconds for reply in replies})


def test_64_callers_share_few_batches(model: LocalModel) -> None:
    requests = [("hi " * (n % 9), Sampling(max_tokens=4, seed=n)) for n in range(64)]
    assert batches(ask(model, *requests)) == 64 / 16


def test_prompts_of_similar_length_share_a_batch(model: LocalModel) -> None:
    replies = ask(model, *(("hi " * (1 + 30 * (n % 2)), Sampling(max_tokens=2, seed=n)) for n in range(32)))
    assert (batches(replies[0::2]), batches(replies[1::2]), batches(replies)) == (1, 1, 2)


def test_dialogues_that_go_on_stay_in_step(model: LocalModel) -> None:
    async def dialogue(seed: int) -> list[Reply]:
        replies = []
        for turn in range(3):
            replies.append(await model.say(said("hi"), Sampling(max_tokens=3, seed=seed + turn)))
            for _ in range(seed % 4):
                await asyncio.sleep(0)
        return replies

    async def together() -> list[list[Reply]]:
        return await asyncio.gather(*(dialogue(seed) for seed in range(16)))

    for turn in zip(*asyncio.run(together()), strict=True):
        assert batches(turn) == 1


def test_the_event_loop_stays_alive(model: LocalModel) -> None:
    async def beats() -> int:
        reply = asyncio.ensure_future(model.say(said("hi"), Sampling(max_tokens=200, seed=1)))
        count = 0
        while not reply.done():
            await asyncio.sleep(0.001)
            count += 1
        return count

    assert asyncio.run(beats()) > 5


def test_a_cancelled_request_leaves_the_others_alone(model: LocalModel) -> None:
    sampling = Sampling(max_tokens=40, seed=3)

    async def one_leaves(when: float) -> Reply:
        leaving = asyncio.ensure_future(model.say(said("hi"), Sampling(max_tokens=1500, seed=1)))
        staying = asyncio.ensure_future(model.say(said("hello"), sampling))
        await asyncio.sleep(when)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        return await staying

    (expected,) = ask(model, ("hello", sampling))
    for when in (0.0, 0.02):
        assert asyncio.run(one_leaves(when)).token_ids == expected.token_ids
    assert ask(model, ("hello", sampling))[0].token_ids == expected.token_ids


def test_a_row_that_nobody_waits_for_ends_at_once(reference: Checkpoint) -> None:
    prompt, sampling = reference.encode(said("hi")), Sampling(temperature=0.0)
    left = Row(prompt, budget=POSITIONS // 2, sampling=sampling, abandoned=lambda: True)
    stays = Row(prompt, budget=3, sampling=sampling, abandoned=lambda: False)
    assert [reply.usage.completion_tokens for reply in generate(reference, [left, stays])] == [1, 3]


# --- failures ---------------------------------------------------------------------------------------------------


def filled_to(reference: Checkpoint, tokens: int) -> str:
    """A user text whose prompt has exactly `tokens` tokens; 'z' never merges."""
    text = "z" * (tokens - len(reference.encode(said(""))))
    assert len(reference.encode(said(text))) == tokens
    return text


def test_a_budget_beyond_the_context_is_reduced(model: LocalModel, reference: Checkpoint) -> None:
    text = filled_to(reference, POSITIONS - 10)
    replies = ask(model, *((text, Sampling(max_tokens=50, seed=seed)) for seed in range(3)))
    lengths = [len(reply.token_ids or ()) for reply in replies if reply.stop_reason is StopReason.LENGTH]
    assert set(lengths) == {10}


def test_a_prompt_without_room_for_an_answer_overflows(model: LocalModel, reference: Checkpoint) -> None:
    text = filled_to(reference, POSITIONS - 9)
    with pytest.raises(ContextOverflow, match=f"{POSITIONS - 9} tokens"):
        ask(model, (text, Sampling(max_tokens=50)))
    (short,) = ask(model, (text, Sampling(max_tokens=9, seed=1)))
    assert short.usage.completion_tokens <= 9


def test_messages_that_the_template_refuses(folder: Path, tmp_path: Path) -> None:
    strict = copytree(folder, tmp_path / "strict")
    (strict / "chat_template.jinja").write_text("{{ raise_exception('the first turn must be of the system') }}")
    with pytest.raises(BadRequest, match="must be of the system"):
        ask(LocalModel(strict), ("hi", Sampling()))


def short_of_memory(model: LocalModel, monkeypatch: pytest.MonkeyPatch, most_rows: int) -> list[int]:
    """Let the device refuse batches of more than `most_rows`; returns the list of batch sizes that were tried."""
    tried: list[int] = []
    network = model._checkpoint.model
    generate: Callable[..., torch.Tensor] = network.generate

    def refusing(*, input_ids: torch.Tensor, **options: object) -> torch.Tensor:
        tried.append(len(input_ids))
        if len(input_ids) > most_rows:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return generate(input_ids=input_ids, **options)

    monkeypatch.setattr(network, "generate", refusing)
    return tried


def test_a_batch_too_big_for_the_memory_is_halved(model: LocalModel, monkeypatch: pytest.MonkeyPatch) -> None:
    requests = [("hi", Sampling(max_tokens=5, seed=seed)) for seed in range(8)]
    expected = [reply.token_ids for reply in ask(model, *requests)]
    tried = short_of_memory(model, monkeypatch, most_rows=2)
    assert [reply.token_ids for reply in ask(model, *requests)] == expected
    assert sorted(tried) == [2, 2, 2, 2, 4, 4, 8]


def test_no_memory_for_one_prompt_is_a_failure_of_each_caller(
    model: LocalModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    short_of_memory(model, monkeypatch, most_rows=0)

    async def both() -> tuple[Reply | BaseException, Reply | BaseException]:
        return await asyncio.gather(model.say(said("hi")), model.say(said("hello")), return_exceptions=True)

    first, second = asyncio.run(both())
    assert isinstance(first, ModelCallError)
    assert isinstance(second, ModelCallError)
    assert first is not second, "the party is written on the error, so callers cannot share one"
    assert "memory" in first.message
    assert first.hint


def test_a_closed_model_refuses(folder: Path) -> None:
    async def afterwards() -> None:
        model = LocalModel(folder)
        await model.aclose()
        await model.say(said("hi"))

    with pytest.raises(ModelCallError):
        asyncio.run(afterwards())


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (lambda folder: (folder / "config.json").unlink(), "no config.json"),
        (lambda folder: (folder / "config.json").write_text("{"), "not a loadable model"),
        (lambda folder: (folder / "config.json").write_text('{"model_type": "unheard-of"}'), "not a loadable model"),
        (lambda folder: (folder / "model.safetensors").unlink(), "not a loadable model"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"\0" * 100), "not a loadable model"),
        (lambda folder: _shorten(folder / "model.safetensors"), "not a loadable model"),
        (lambda folder: _grow(folder / "config.json"), "lack 11 tensors"),
        (lambda folder: (folder / "tokenizer.json").unlink(), "not a loadable model"),
        (lambda folder: (folder / "chat_template.jinja").unlink(), "no chat template"),
    ],
    ids=[
        "config absent",
        "config not json",
        "architecture unknown",
        "weights absent",
        "weights not safetensors",
        "weights cut off",
        "weights of fewer layers",
        "tokenizer absent",
        "template absent",
    ],
)
def test_a_damaged_folder_is_named(
    folder: Path, tmp_path: Path, damage: Callable[[Path], object], complaint: str
) -> None:
    damaged = copytree(folder, tmp_path / "damaged")
    damage(damaged)
    with pytest.raises(DataError, match=complaint) as caught:
        LocalModel(damaged)
    assert str(damaged) in caught.value.message
    assert caught.value.hint


def _shorten(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1000])


def _grow(config: Path) -> None:
    content = json.loads(config.read_text())
    content["num_hidden_layers"] = 3
    content["layer_types"] = ["full_attention"] * 3
    config.write_text(json.dumps(content))


@pytest.mark.parametrize("path", ["/no/such/folder", "nobody/never-published"])
def test_nothing_there_and_nothing_downloaded(path: str) -> None:
    with pytest.raises(DataError, match=path) as caught:
        LocalModel(path)
    assert "hf download" in caught.value.hint


def test_a_device_that_is_not_there(folder: Path) -> None:
    with pytest.raises(ConfigError, match="'cuda:99'"):
        LocalModel(folder, device="cuda:99")
    with pytest.raises(ConfigError, match="'teapot'"):
        LocalModel(folder, device="teapot")


# --- the name ---------------------------------------------------------------------------------------------------


def test_the_name_follows_the_weights(folder: Path, tmp_path: Path) -> None:
    copied = copytree(folder, tmp_path / "copy")
    retrained = build_tiny_checkpoint(tmp_path / "retrained", seed=1)
    assert fingerprint(copied) == fingerprint(folder)
    assert fingerprint(retrained) != fingerprint(folder)
    assert LocalModel(copied).name == f"local/copy@{fingerprint(folder)}"


def test_a_hub_name_is_read_from_the_local_cache(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = "0123456789" * 4
    cached = tmp_path / "models--someone--tiny"
    copytree(folder, cached / "snapshots" / commit)
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text(commit)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    assert LocalModel("someone/tiny").name == f"local/someone/tiny@{fingerprint(folder)}"
