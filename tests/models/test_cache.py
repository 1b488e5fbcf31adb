"""`CachedModel`: what is asked once, what is asked again, and what a hit costs."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Sequence
from pathlib import Path

import pytest

from odyssim.errors import EndpointDown, StorageError
from odyssim.models.base import ChatModel
from odyssim.models.cache import CachedModel
from odyssim.models.scripted import Scripted
from odyssim.types import Cost, Message, Reply, Sampling, Usage

HI = (Message(role="user", content="Hi."),)
PAID = Cost(calls=1, prompt_tokens=5, completion_tokens=7, usd=0.5, seconds=2.0)


class Counter:
    """Answers with the number of the call, and takes a moment."""

    def __init__(self, name: str = "counter") -> None:
        self.name = name
        self.calls = 0
        self.closed = False

    async def say(self, messages: Sequence[Message], sampling: Sampling = Sampling()) -> Reply:
        self.calls += 1
        text = str(self.calls)
        await asyncio.sleep(0.01)
        return Reply(text=text, usage=Usage(prompt_tokens=5, completion_tokens=7), cost=PAID)

    async def aclose(self) -> None:
        self.closed = True


def ask(model: ChatModel, messages: Sequence[Message] = HI, sampling: Sampling = Sampling()) -> Reply:
    return asyncio.run(model.say(messages, sampling))


def entries(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_hit_gives_the_same_reply_for_nothing(tmp_path: Path) -> None:
    counter = Counter()
    first = ask(CachedModel(counter, tmp_path))
    again = ask(CachedModel(counter, tmp_path))
    assert counter.calls == 1
    assert first.cost == PAID
    assert again.cost == Cost(calls=1, cached_calls=1, usd=0.0, seconds=0.0)
    assert again.model_copy(update={"cost": PAID}) == first


def test_everything_that_shapes_the_reply_is_in_the_key(tmp_path: Path) -> None:
    counter = Counter()
    model = CachedModel(counter, tmp_path)
    asked = [
        (HI, Sampling()),
        (HI, Sampling(seed=1)),
        (HI, Sampling(seed=2)),
        (HI, Sampling(temperature=0.0)),
        (HI, Sampling(top_p=0.5)),
        (HI, Sampling(max_tokens=5)),
        (HI, Sampling(stop=("x",))),
        ((Message(role="system", content="Hi."),), Sampling()),
        (HI + HI, Sampling()),
    ]
    texts = [ask(model, *question).text for question in asked]
    other = ask(CachedModel(Counter("other"), tmp_path))
    assert texts == [str(number + 1) for number in range(len(asked))]
    assert other.cost == PAID
    assert len(entries(tmp_path)) == len(asked) + 1


def test_entries_lie_in_two_letter_folders(tmp_path: Path) -> None:
    ask(CachedModel(Counter(), tmp_path))
    (entry,) = entries(tmp_path)
    assert entry.parent.parent == tmp_path
    assert entry.parent.name == entry.name[:2]


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff\xfe", b'{"reply": {"text": "stale"}}'])
def test_a_damaged_entry_is_a_miss_and_is_rewritten(tmp_path: Path, damage: bytes) -> None:
    counter = Counter()
    model = CachedModel(counter, tmp_path)
    ask(model)
    (entry,) = entries(tmp_path)
    entry.write_bytes(damage)
    assert ask(model).text == "2"
    assert ask(model).text == "2"
    assert entries(tmp_path) == [entry]


def test_an_entry_of_another_request_is_a_miss(tmp_path: Path) -> None:
    model = CachedModel(Counter(), tmp_path)
    ask(model)
    (first,) = entries(tmp_path)
    ask(model, sampling=Sampling(seed=1))
    (second,) = set(entries(tmp_path)) - {first}
    second.write_bytes(first.read_bytes())
    assert ask(model, sampling=Sampling(seed=1)).text == "3"


def test_identical_requests_at_once_share_one_call(tmp_path: Path) -> None:
    counter = Counter()
    model = CachedModel(counter, tmp_path)

    async def crowd() -> list[Reply]:
        return await asyncio.gather(*(model.say(HI) for _ in range(10)))

    replies = asyncio.run(crowd())
    assert counter.calls == 1
    assert {reply.text for reply in replies} == {"1"}
    assert sum((reply.cost for reply in replies), Cost()).usd == 0.5
    asyncio.run(model.say(HI, Sampling(seed=1)))
    assert counter.calls == 2


def test_a_cancelled_call_does_not_take_the_others_with_it(tmp_path: Path) -> None:
    model = CachedModel(Counter(), tmp_path)

    async def cancel_the_first() -> str:
        first = asyncio.create_task(model.say(HI))
        second = asyncio.create_task(model.say(HI))
        await asyncio.sleep(0.001)
        first.cancel()
        return (await second).text

    assert asyncio.run(cancel_the_first()) == "2"


def test_failures_are_not_kept(tmp_path: Path) -> None:
    model = CachedModel(Scripted([EndpointDown("gone"), "back"], name="flaky"), tmp_path)
    with pytest.raises(EndpointDown):
        ask(model)
    assert ask(model).text == "back"
    assert ask(model).text == "back"


def test_a_full_disk_is_a_storage_error_and_leaves_no_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: object, target: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(StorageError, match="No space left") as caught:
        ask(CachedModel(Counter(), tmp_path))
    assert "another cache folder" in caught.value.hint
    assert entries(tmp_path) == []


def test_a_folder_that_is_a_file_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("")
    with pytest.raises(StorageError):
        ask(CachedModel(Counter(), tmp_path / "cache"))


def test_name_and_closing_pass_through(tmp_path: Path) -> None:
    counter = Counter()
    model = CachedModel(counter, tmp_path)
    asyncio.run(model.aclose())
    assert model.name == "counter"
    assert counter.closed
