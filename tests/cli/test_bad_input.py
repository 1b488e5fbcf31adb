"""What a person sees who asks for something that cannot be: one paragraph, the place, what helps, an exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from odyssim.cli.console import err_console
from odyssim.cli.main import main
from tests.models.server import Behaviour, error, sends_text, serving, unused_port, waits

GOOD_LINE = json.dumps(
    {
        "turns": [
            {"speaker": "Ana", "text": "you up?", "human": True, "train": True},
            {"speaker": "Ben", "text": "barely", "human": True, "train": True},
        ],
        "context": None,
        "source": {"dataset": "mine", "licence": "unknown", "split": "train", "original_id": "1"},
        "axis": "CONV",
    }
)


class Said:
    """How a command ended: its exit code, and what it wrote to standard error."""

    def __init__(self, code: int, text: str) -> None:
        self.code = code
        self.text = text


Command = Callable[..., Said]


@pytest.fixture
def odyssim(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ODYSSIM_DATA", raising=False)
    monkeypatch.setattr(err_console, "width", 100)

    def command(*arguments: str) -> Said:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        code = ended.value.code
        return Said(code if isinstance(code, int) else 0, capsys.readouterr().err)

    return command


def fails(said: Said, code: int, *words: str) -> None:
    assert said.code == code, said.text
    assert "Traceback" not in said.text
    for word in words:
        assert word in said.text
    assert sum(line.startswith("error:") for line in said.text.splitlines()) == 1
    assert len(said.text) < 1600


RECIPE = """
name: own
sources: [{{name: {source}}}]
tokenizer: {{vocab_size: 400}}
pack: {{seq_len: 128}}
model: {{hidden: 16, layers: 1, heads: 2, kv_heads: 1, head_dim: 8, intermediate: 32}}
midtrain: {{steps: 2, rows_per_step: 1, micro_rows: 1}}
eval: {{split: village, limit: 2}}
likeness: {{turns: 2}}
"""


def test_unknown_recipe_key(odyssim: Command, tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(RECIPE.format(source="village") + "midtran: {steps: 3}\n")
    fails(odyssim("run", "r.yaml"), 2, "r.yaml", "midtran: unknown key", "docs/recipes.md")


def test_wrong_recipe_value_and_broken_yaml(odyssim: Command, tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(RECIPE.format(source="village"))
    fails(odyssim("run", "r.yaml", "--set", "midtrain.steps=many"), 2, "midtrain.steps", "'many'")
    fails(odyssim("run", "r.yaml", "--set", "midtrain"), 2, "key.sub=value")
    (tmp_path / "r.yaml").write_text("name: own\nsources: [\n")
    fails(odyssim("run", "r.yaml"), 1, "r.yaml, line 3", "YAML")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "quickstrt"), ("recipe 'quickstrt'", "Did you mean 'quickstart'")),
        (("run", "quickstart", "--until", "midtran"), ("stage 'midtran'", "Did you mean 'midtrain'")),
        (("eval", "--model", "scripted/echo", "--tasks", "hitm", "--split", "village"), ("Did you mean 'hitom'",)),
        (("eval", "--model", "opnai-api/x", "--split", "village"), ("model 'opnai-api/x'", "openai-api")),
        (("eval", "--model", "scripted/nobody", "--split", "village"), ("scripted model 'nobody'",)),
        (("eval", "--model", "scripted/echo", "--split", "vilage"), ("split", "vilage")),
        (("eval", "--model", "scripted/echo", "--split", "village", "--seeds", "one"), ("seeds", "'one'")),
        (
            ("eval", "--model", "scripted/echo", "--split", "village", "--base-url", "http://x/v1"),
            ("no use for base_url",),
        ),
        (("tasks", "show", "hitm"), ("Did you mean 'hitom'",)),
    ],
)
def test_unknown_names(odyssim: Command, arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    fails(odyssim(*arguments), 2, *words)


def test_missing_data(odyssim: Command, tmp_path: Path) -> None:
    fails(odyssim("eval", "--model", "scripted/echo", "--data", "nowhere"), 1, "nowhere", "--data")
    assert odyssim("eval", "--model", "scripted/echo", "--data", str(tmp_path)).code == 1
    fails(odyssim("run", "osim-nano-cpu"), 2, "casino", "--data FOLDER")
    fails(odyssim("run", "osim-nano-cpu", "--data", str(tmp_path)), 1, "casino", "corpus")
    fails(odyssim("likeness", "--model", "scripted/echo", "--corpus", "nowhere"), 1, "nowhere", "odyssim corpus build")
    fails(odyssim("likeness", "nowhere.jsonl", "--human", "nowhere.jsonl"), 1, "nowhere.jsonl", '{"text": "..."}')
    fails(odyssim("likeness", "mine.jsonl", "--model", "scripted/echo"), 2, "two files", "--human THEIRS.jsonl")
    fails(odyssim("report", "nowhere"), 1, "nowhere")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], ("empty",)),
        ([GOOD_LINE, GOOD_LINE[:40], GOOD_LINE], ("line 2",)),
        ([GOOD_LINE, GOOD_LINE.replace('"train": true', '"train": false')], ("line 2", "no human turn")),
        ([GOOD_LINE, GOOD_LINE.replace('"human": true', '"human": false')], ("line 2", "human")),
    ],
)
def test_a_broken_line_in_ones_own_file(
    odyssim: Command, tmp_path: Path, lines: list[str], words: tuple[str, ...]
) -> None:
    (tmp_path / "mine.jsonl").write_text("".join(line + "\n" for line in lines))
    (tmp_path / "r.yaml").write_text(RECIPE.format(source=str(tmp_path / "mine.jsonl")))
    fails(odyssim("run", "r.yaml"), 1, "mine.jsonl", *words)


def test_a_broken_line_in_a_published_corpus(odyssim: Command, tmp_path: Path) -> None:
    folder = tmp_path / "corpus" / "casino" / "data" / "split"
    folder.mkdir(parents=True)
    (folder / "casino_train.json").write_text('[{"dialogue_id": 1,\n"chat_logs": [}\n]')
    (folder / "casino_valid.json").write_text("[]")
    (tmp_path / "r.yaml").write_text(RECIPE.format(source="casino"))
    fails(odyssim("run", "r.yaml", "--data", str(tmp_path)), 1, "casino_train.json, line 2")


def test_an_endpoint_that_is_down(odyssim: Command) -> None:
    address = f"http://127.0.0.1:{unused_port()}/v1"
    evaluation = ("eval", "--model", "openai-api/x", "--split", "village", "--limit", "3", "--concurrency", "2")
    fails(odyssim(*evaluation, "--base-url", address, "--timeout", "1"), 1, "Nothing answers at", address, "doctor")


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        (error(401, "Incorrect API key"), ("HTTP 401", "OPENAI_API_KEY")),
        (waits(30.0), ("did not answer within", "doctor")),
        (sends_text("<html>Welcome to the proxy</html>"), ("no chat completion", "doctor")),
    ],
)
def test_an_endpoint_that_refuses_hangs_or_talks_nonsense(
    odyssim: Command, behaviour: Behaviour, words: tuple[str, ...]
) -> None:
    evaluation = ("eval", "--model", "openai-api/x", "--split", "village", "--limit", "2", "--concurrency", "1")
    with serving(behaviour) as server:
        fails(odyssim(*evaluation, "--base-url", server.base_url, "--timeout", "0.2"), 1, *words)


FULL_DISK = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
from odyssim.cli.main import main
main(sys.argv[1:])
"""


def test_a_full_disk_keeps_what_is_finished(tmp_path: Path) -> None:
    """A file-size limit of the operating system stands for the full disk: writing fails in the middle of a file."""
    (tmp_path / "r.yaml").write_text(RECIPE.format(source="village") + "seed: 1\n")
    arguments = ["run", "r.yaml", "--set", "sources=[{name: village, limit: 400}]", "--until", "packed"]
    environment = os.environ | {"COLUMNS": "200"}
    limited = subprocess.run(
        [sys.executable, "-c", FULL_DISK, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert limited.returncode == 1, limited.stderr
    assert "Traceback" not in limited.stderr
    assert "Writing below" in limited.stderr
    assert "what is finished is kept" in limited.stderr
    free = subprocess.run(
        [sys.executable, "-m", "odyssim.cli.main", *arguments],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert free.returncode == 0, free.stderr
