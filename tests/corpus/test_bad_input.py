"""Bad input: the message says where and what to do, the other sources are in the corpus, the command exits with 1."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from odyssim.cli.main import main
from odyssim.corpus.build.config import CorpusConfig
from odyssim.corpus.build.corpus import build_corpus
from odyssim.corpus.chatml import ChatML
from odyssim.corpus.render import render
from odyssim.corpus.summary import CorpusSummary, read_corpus
from odyssim.corpus.tokenizer import byte_tokenizer
from odyssim.errors import DataError, UsageError
from odyssim.types import Failure, Json
from tests.corpus.sources.fake_hub import serving
from tests.corpus.sources.fixtures import write_csv, write_json, write_jsonl, write_text
from tests.models.server import unused_port

WHOLE = 4
"""Interactions of the source that is in order."""
CASINO = ("data/split/casino_train.json", "data/split/casino_valid.json")
EMPATHETIC = "datasets/empatheticdialogues_unannotated/afraid.csv"


def line(name: str, *texts: str) -> Json:
    """A conversation of one's own in which two people take turns at saying `texts`."""
    turns = [{"speaker": "AB"[n % 2], "text": text, "human": True, "train": True} for n, text in enumerate(texts)]
    source = {"dataset": "mine", "licence": "CC0-1.0", "split": "train", "original_id": name}
    return {"turns": turns, "context": None, "source": source, "axis": "CONV"}


def chat(name: str, *messages: tuple[str, str | None]) -> Json:
    """A row as `lmsys` has it."""
    return {
        "conversation_id": name,
        "conversation": [{"role": role, "content": content} for role, content in messages],
        "redacted": False,
    }


CHATS = [chat(f"c{n}", ("user", f"is {n} a lot"), ("assistant", "It is some.")) for n in range(300)]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with an empty `corpus` in it."""
    (tmp_path / "data/corpus").mkdir(parents=True)
    return tmp_path / "data"


@pytest.fixture
def whole(tmp_path: Path) -> str:
    """The name of a source that is in order."""
    write_jsonl(tmp_path / "whole.jsonl", [line(str(n), f"are you number {n}", "yes") for n in range(WHOLE)])
    return str(tmp_path / "whole.jsonl")


def build(out: Path, data: Path | None, *names: str, **steps: object) -> CorpusSummary:
    plain: Json = {"clean": None, "dedup": None, "decontaminate": "off"}
    config = CorpusConfig.model_validate({"sources": [{"name": name} for name in names], **plain, **steps})
    summary = build_corpus(config, data, out)
    assert summary is not None
    return summary


def left_out(summary: CorpusSummary, name: str) -> Failure:
    """The failure of the source `name`, where nothing but that is missing."""
    assert summary.failures.keys() == {name}
    assert summary.interactions == WHOLE
    assert {file.source for file in summary.files} == {"whole"}
    [failure] = summary.failures[name]
    return failure


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return ended.value.code if isinstance(ended.value.code, int) else 0


# --- files that are broken ----------------------------------------------------------------------------------------


def parquet(rows: list[Json]) -> bytes:
    content = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), content, row_group_size=100)
    return content.getvalue()


def cut_parquet(corpus: Path) -> None:
    (corpus / "lmsys").mkdir()
    (corpus / "lmsys/train.parquet").write_bytes(parquet(CHATS)[:-60])


def rotten_parquet(corpus: Path) -> None:
    (corpus / "lmsys").mkdir()
    content = parquet(CHATS)
    middle = len(content) // 2
    (corpus / "lmsys/train.parquet").write_bytes(content[:middle] + b"\xff" * 400 + content[middle + 400 :])


def cut_published_corpus(corpus: Path) -> None:
    (corpus / "published/lmsys").mkdir(parents=True)
    rows = [{"messages": row["conversation"], "data_source": "lmsys"} for row in CHATS]
    (corpus / "published/lmsys/train_shard_000.parquet").write_bytes(parquet(rows)[:-60])


def windows_in_utf_8(corpus: Path) -> None:
    header, good = b"Dialog_ID,Type,Actor,Text\r\n", b"a,utterance,speaker,hi\r\n"
    write_text(corpus / "empathetic_dialogues" / EMPATHETIC, "")
    (corpus / "empathetic_dialogues" / EMPATHETIC).write_bytes(header + good + b"a,utterance,listener,caf\xe9\r\n")


def empty_file(corpus: Path) -> None:
    write_text(corpus / "empathetic_dialogues" / EMPATHETIC, "")


def header_only(corpus: Path) -> None:
    write_csv(corpus / "empathetic_dialogues" / EMPATHETIC, [["Dialog_ID", "Type", "Actor", "Text"]])


def empty_folder(corpus: Path) -> None:
    (corpus / "casino").mkdir()


def half_a_folder(corpus: Path) -> None:
    write_json(corpus / "casino" / CASINO[0], [])


def cut_archive(corpus: Path) -> None:
    with zipfile.ZipFile(corpus / "casino.zip", "w") as archive:
        for name in CASINO:
            archive.writestr(name, "[]")
    (corpus / "casino.zip").write_bytes((corpus / "casino.zip").read_bytes()[:-40])


def rotten_archive(corpus: Path) -> None:
    with zipfile.ZipFile(corpus / "casino.zip", "w") as archive:
        for name in CASINO:
            archive.writestr(name, '[{"dialogue_id": 1}]')
    content = (corpus / "casino.zip").read_bytes()
    (corpus / "casino.zip").write_bytes(content.replace(b"dialogue_id", b"dialogue_ID"))


def unknown_roles(corpus: Path) -> None:
    write_jsonl(corpus / "lmsys/chats.jsonl", [*CHATS[:2], chat("x", ("narrator", "it was night"))])


def null_conversations(corpus: Path) -> None:
    write_jsonl(corpus / "lmsys/chats.jsonl", [{"conversation_id": "x", "conversation": None}])


BROKEN = [
    (cut_parquet, "lmsys", "lmsys/train.parquet: the Parquet file is cut off or damaged after row 0", "get the file"),
    (rotten_parquet, "lmsys", "lmsys/train.parquet: the Parquet file is cut off or damaged after row ", "get the file"),
    (cut_published_corpus, "published", "train_shard_000.parquet: the Parquet file is cut off", "get the file again"),
    (windows_in_utf_8, "empathetic_dialogues", "afraid.csv, line 3: not UTF-8 text", "iconv -f WINDOWS-1252"),
    (empty_file, "empathetic_dialogues", "afraid.csv: the file is empty", "get the file again"),
    (header_only, "empathetic_dialogues", "afraid.csv: a header but no rows", "get the file again"),
    (empty_folder, "casino", "corpus/casino: nothing here is called 'data/split/casino_train.json'", "CaSiNo"),
    (half_a_folder, "casino", "corpus/casino: nothing here is called 'data/split/casino_valid.json'", "CaSiNo"),
    (cut_archive, "casino", "casino.zip: not a readable zip archive", "get the archive again"),
    (rotten_archive, "casino", "casino.zip/data/split/casino_train.json: the file is cut off or damaged", "again"),
    (unknown_roles, "lmsys", "chats.jsonl, line 3: 1 of 3 records are malformed", "one in a hundred"),
    (null_conversations, "lmsys", "chats.jsonl, line 1: 1 of 1 records are malformed", "one in a hundred"),
]


@pytest.mark.parametrize(("break_", "name", "says", "hint"), BROKEN, ids=[case[0].__name__ for case in BROKEN])
def test_a_broken_source_is_left_out_and_the_rest_goes_on(
    tmp_path: Path, data: Path, whole: str, break_: Callable[[Path], None], name: str, says: str, hint: str
) -> None:
    break_(data / "corpus")
    failure = left_out(build(tmp_path / "out", data, name, whole), name)
    assert says in failure.message
    assert hint in failure.hint
    with pytest.raises(DataError) as caught:
        build(tmp_path / "alone", data, name)
    assert says in caught.value.message
    assert hint in caught.value.hint


def test_a_few_bad_records_are_counted_with_their_place_and_the_rest_is_read(
    tmp_path: Path, data: Path, whole: str
) -> None:
    silent = chat("null", ("user", None), ("assistant", "Hello?"))
    half = chat("half", ("user", "still here"), ("assistant", None))
    strange = chat("x", ("user", "hi"), ("narrator", "it was night"))
    write_jsonl(data / "corpus/lmsys/chats.jsonl", [*CHATS, silent, half, strange])
    summary = build(tmp_path / "out", data, "lmsys", whole)
    assert not summary.failures
    assert summary.interactions == WHOLE + len(CHATS) + 1
    skips = {skip.reason: skip.first for skip in summary.sources[0].skips}
    assert skips["no human turn worth imitating"] == "chats.jsonl, line 301"
    assert skips["malformed record"].startswith("chats.jsonl, line 303: ")
    assert "'narrator'" in skips["malformed record"]


# --- a person's own file ------------------------------------------------------------------------------------------

GOOD = json.dumps(line("a", "you up?", "barely"))


@pytest.mark.parametrize(
    ("lines", "says", "hint"),
    [
        ([], "mine.jsonl: the file is empty", "get the file again"),
        ([GOOD, GOOD.replace("barely", "caf\u00e9")], "mine.jsonl, line 2: not UTF-8 text", "iconv"),
        ([GOOD, GOOD[:-9], GOOD], "mine.jsonl, line 2: Invalid JSON", "odyssim corpus add"),
        ([GOOD.replace('"barely"', "null")], "mine.jsonl, line 1: turns.1.text", "odyssim corpus add"),
        ([GOOD.replace('"train": true', '"train": false')], "mine.jsonl, line 1: no human turn", '"train": true'),
    ],
)
def test_a_broken_own_file_is_left_out_and_the_rest_goes_on(
    tmp_path: Path, whole: str, lines: list[str], says: str, hint: str
) -> None:
    mine = tmp_path / "mine.jsonl"
    mine.write_bytes("".join(f"{text}\n" for text in lines).encode("cp1252"))
    failure = left_out(build(tmp_path / "out", None, str(mine), whole), "mine")
    assert says in failure.message
    assert hint in failure.hint


LINE_OF_200_MB = """
import resource, sys
from pathlib import Path
from odyssim.corpus.build.config import CorpusConfig
from odyssim.corpus.build.corpus import build_corpus

names, out = sys.argv[1:-1], Path(sys.argv[-1])
with Path(names[0]).open("ab") as file:
    file.write(b'{"turns": "')
    file.writelines(b"x" * (1 << 20) for _ in range(200))
    file.write(b'"}\\n')
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
config = CorpusConfig.model_validate({"sources": [{"name": name} for name in names]})
summary = build_corpus(config, None, out)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_a_line_of_200_mb_is_refused_in_bounded_memory(tmp_path: Path, whole: str) -> None:
    mine = tmp_path / "mine.jsonl"
    mine.write_text(f"{GOOD}\n")
    command = [sys.executable, "-c", LINE_OF_200_MB, str(mine), whole, str(tmp_path / "out")]
    grown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    mine.unlink()
    failure = left_out(CorpusSummary.model_validate_json((tmp_path / "out/corpus.json").read_bytes()), "mine")
    assert "mine.jsonl, line 2: a line of more than 64 MiB" in failure.message
    assert "split the line" in failure.hint
    assert int(grown) < 500 << 10  # KiB


def test_a_conversation_of_10_000_turns_goes_all_the_way(tmp_path: Path) -> None:
    said = [f"turn {number}, and so on" for number in range(10_000)]
    write_jsonl(tmp_path / "long.jsonl", [line("long", *said)])
    summary = build(tmp_path / "out", None, str(tmp_path / "long.jsonl"), clean={}, dedup={}, decontaminate="remove")
    [tally] = summary.tallies
    assert (tally.interactions, tally.turns, tally.imitated_turns) == (1, 10_000, 10_000)
    [long] = read_corpus(tmp_path / "out", "train")
    assert [turn.text for turn in long.turns] == said
    chatml = ChatML(byte_tokenizer())
    [documents] = render([long], chatml, max_tokens=2048)
    assert len(documents.starts) - 1 == 2
    assert documents.loss.sum() == sum(len(text) + 1 for text in said)  # a byte each, and the end of the turn


# --- what is not there --------------------------------------------------------------------------------------------


def test_two_sources_with_one_id_are_refused_before_anything_is_built(tmp_path: Path, data: Path, whole: str) -> None:
    (tmp_path / "other").mkdir()
    write_text(tmp_path / "other/whole.jsonl", GOOD)
    for names in ((whole, str(tmp_path / "other/whole.jsonl")), ("casino", "convokit_casino-corpus")):
        with pytest.raises(UsageError, match="chosen 2 times") as caught:
            build(tmp_path / "out", data, *names)
        assert all(name in caught.value.message for name in names)
        assert "rename" in caught.value.hint
    assert not (tmp_path / "out").exists()


def test_a_source_that_is_not_at_hand_is_not_fetched_unasked(tmp_path: Path, data: Path, whole: str) -> None:
    failure = left_out(build(tmp_path / "hub", data, "lmsys", whole), "lmsys")
    assert "'lmsys' is not in the data folder" in failure.message
    assert "--download" in failure.hint
    failure = left_out(build(tmp_path / "page", data, "casino", whole), "casino")
    assert str(data / "corpus/casino") in failure.message
    assert "https://github.com/kushalchawla/CaSiNo" in failure.hint


def test_when_everything_is_missing_there_is_no_corpus(tmp_path: Path, data: Path) -> None:
    with pytest.raises(DataError, match="'lmsys' is not in the data folder") as caught:
        build(tmp_path / "out", data, "lmsys", "casino")
    assert "--download" in caught.value.hint
    assert not (tmp_path / "out/corpus.json").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="SKIPPED FOR ROOT: no permission is ever refused to root")
@pytest.mark.parametrize("closed", ["data/corpus/casino/data", "data/corpus/casino", "data/corpus", "data"])
def test_a_folder_without_permission_is_named(tmp_path: Path, data: Path, whole: str, closed: str) -> None:
    for name in CASINO:
        write_json(data / "corpus/casino" / name, [])
    (tmp_path / closed).chmod(0)
    try:
        failure = left_out(build(tmp_path / "out", data, "casino", whole), "casino")
    finally:
        (tmp_path / closed).chmod(0o755)
    assert str(data / "corpus/casino") in failure.message
    assert "chmod" in failure.hint


# --- the hub ------------------------------------------------------------------------------------------------------

FROM_THE_HUB = """
import sys, time
time.sleep = lambda seconds: None  # the hub's client waits between its tries
from odyssim.cli.main import main
from odyssim.corpus import catalog
from odyssim.corpus.sources.hub import HubReader
from odyssim.corpus.sources.human_ai_chat import ModeratedChat

for name in ("gated", "nowhere", "dies"):
    card = catalog.SOURCES["lmsys"].card.model_copy(update={"id": name, "hub": f"me/{name}"})
    catalog._BY_NAME[name] = HubReader(card, ModeratedChat)
main(["corpus", "build", "--download", *sys.argv[1:]])
"""


def from_the_hub(hub: str, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HF_ENDPOINT": hub, "HF_HOME": str(home), "HF_HUB_DISABLE_TELEMETRY": "1"}
    environment.pop("HF_TOKEN", None)
    command = [sys.executable, "-c", FROM_THE_HUB, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def test_what_the_hub_does_not_give_is_told_and_the_rest_goes_on(tmp_path: Path, whole: str) -> None:
    write_jsonl(tmp_path / "hub/me/dies/train.jsonl", CHATS)
    chosen = [argument for name in ("gated", "nowhere", "dies", whole) for argument in ("--source", name)]
    with serving(tmp_path / "hub") as hub:
        done = from_the_hub(hub, tmp_path, *chosen, "--out", str(tmp_path / "out"))
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert "this dataset is gated" in done.stderr
    assert "accept its terms at https://huggingface.co/datasets/me/gated, then set HF_TOKEN" in done.stderr
    assert "the hub has no such dataset" in done.stderr
    assert "the Hugging Face hub cannot be reached" in done.stderr
    assert len(list(read_corpus(tmp_path / "out", "train"))) == WHOLE


def test_a_hub_that_is_down_is_told_and_the_rest_goes_on(tmp_path: Path, whole: str) -> None:
    down = f"http://127.0.0.1:{unused_port()}"
    done = from_the_hub(down, tmp_path, "--source", "lmsys", "--source", whole, "--out", str(tmp_path / "out"))
    assert done.returncode == 1, done.stderr
    assert "lmsys: lmsys/lmsys-chat-1m: the Hugging Face hub cannot be reached" in done.stderr
    assert "hf download lmsys/lmsys-chat-1m" in done.stderr
    assert len(list(read_corpus(tmp_path / "out", "train"))) == WHOLE


# --- the command --------------------------------------------------------------------------------------------------


def test_the_command_says_what_is_missing_and_exits_with_1(
    tmp_path: Path, data: Path, whole: str, capsys: pytest.CaptureFixture[str]
) -> None:
    windows_in_utf_8(data / "corpus")
    names = ("--source", "empathetic_dialogues", "--source", whole)
    folders = ("--data", str(data), "--out", str(tmp_path / "out"))
    for printed in ((), ("--json",)):
        assert run("corpus", "build", *names, *folders, *printed) == 1
        said = capsys.readouterr()
        assert f"{data}/corpus/empathetic_dialogues/{EMPATHETIC}, line 3: not UTF-8 text" in said.err
        assert "what helps: convert the file, for example: iconv" in said.err
    assert json.loads(said.out)["sources"][0]["failures"][0]["hint"].startswith("convert the file")
    assert len(list(read_corpus(tmp_path / "out", "train"))) == WHOLE
    windows_in_utf_8_repaired = (data / "corpus/empathetic_dialogues" / EMPATHETIC).read_bytes().replace(b"\xe9", b"e")
    (data / "corpus/empathetic_dialogues" / EMPATHETIC).write_bytes(windows_in_utf_8_repaired)
    assert run("corpus", "build", *names, *folders) == 0
    assert "incomplete" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--source", "{whole}", "--source", "{whole}"), 2, "chosen 2 times"),
        (("--source", "casno"), 2, "Did you mean 'casino'"),
        (("--source", "casino"), 2, "no data folder is given"),
        (("--source", "casino", "--data", "{data}"), 1, "the folder of casino is missing"),
        (("--source", "lmsys", "--data", "{data}"), 2, "--download"),
        (("--source", "nowhere.jsonl"), 1, "there is no such file"),
        ((), 2, "--data"),
    ],
)
def test_where_nothing_can_be_built_the_command_says_why(
    tmp_path: Path,
    data: Path,
    whole: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    code: int,
    says: str,
) -> None:
    monkeypatch.delenv("ODYSSIM_DATA", raising=False)
    given = [argument.format(whole=whole, data=data) for argument in arguments]
    assert run("corpus", "build", *given, "--out", str(tmp_path / "out")) == code
    said = capsys.readouterr().err
    assert said.count("error:") == 1
    assert says in said
    assert not (tmp_path / "out").exists()
