"""`load_model`: from a name to a model, and what a wrong name or option gets."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from odyssim.errors import DataError, OdysSimError, UnknownName, UsageError
from odyssim.models.base import ChatModel
from odyssim.models.cache import CachedModel
from odyssim.models.openai import OpenAIModel
from odyssim.models.registry import load_model
from odyssim.models.scripted import Scripted
from odyssim.types import Message

HI = (Message(role="user", content="Hi."),)


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package that registers the schemes `mine`, `broken` and `rude`."""
    (tmp_path / "their_models.py").write_text(
        "from odyssim.models.scripted import Scripted\n"
        "def load(rest, **options):\n"
        "    return Scripted([f'{rest} {options}'], name=f'mine/{rest}')\n"
        "def rude(rest, **options):\n"
        "    return rest\n"
    )
    info = tmp_path / "their_models-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: their-models\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[odyssim.models]\nmine = their_models:load\nbroken = their_models:gone\nrude = their_models:rude\n"
    )
    monkeypatch.syspath_prepend(tmp_path)


def test_built_in_schemes() -> None:
    endpoint = load_model("openai-api/org/qwen", base_url="http://localhost:8000/v1")
    assert isinstance(endpoint, OpenAIModel)
    assert endpoint.name == "openai-api/org/qwen@localhost:8000"
    assert isinstance(load_model("scripted/echo"), Scripted)


def test_every_model_is_a_chat_model(tmp_path: Path) -> None:
    models = [load_model("openai-api/m"), load_model("scripted/echo"), load_model("scripted/echo", cache=tmp_path)]
    assert all(isinstance(model, ChatModel) for model in models)


def test_cache_folder_wraps_the_model(tmp_path: Path) -> None:
    model = load_model("scripted/echo", cache=tmp_path / "new")
    assert isinstance(model, CachedModel)
    assert [asyncio.run(model.say(HI)).cost.cached_calls for _ in range(2)] == [0, 1]


@pytest.mark.parametrize("as_scheme", [True, False])
def test_a_folder_is_a_local_checkpoint(tmp_path: Path, as_scheme: bool) -> None:
    with pytest.raises(DataError, match=tmp_path.name):
        load_model(f"local/{tmp_path}" if as_scheme else str(tmp_path))


@pytest.mark.parametrize("name", ["gpt-5", "openai/gpt-5", "openai-api", "scripted/", "no-such-folder/here", ""])
def test_unknown_names_get_the_list_and_an_example(name: str) -> None:
    with pytest.raises(UnknownName) as caught:
        load_model(name)
    for known in ("openai-api/…", "local/…", "scripted/…", "inspect/…"):
        assert known in caught.value.message
    assert "openai-api/gpt-5-mini" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("openai-api/m", {"device": "cpu"}),
        ("scripted/echo", {"base_url": "http://localhost/v1"}),
        ("scripted/echo", {"device": "cpu"}),
    ],
)
def test_an_option_without_effect_is_refused(name: str, options: dict[str, str]) -> None:
    with pytest.raises(UsageError, match=next(iter(options))):
        load_model(name, **options)  # type: ignore[arg-type]


@pytest.mark.usefixtures("plugin")
def test_packages_add_schemes() -> None:
    model = load_model("mine/a/b", device="cuda:1")
    assert model.name == "mine/a/b"
    assert asyncio.run(model.say(HI)).text == "a/b {'device': 'cuda:1'}"


@pytest.mark.usefixtures("plugin")
def test_packages_that_keep_no_promise_are_named() -> None:
    with pytest.raises(UsageError, match="their_models:gone, which cannot be loaded"):
        load_model("broken/x")
    with pytest.raises(UsageError, match="returned no ChatModel"):
        load_model("rude/x")


def test_without_torch_a_local_model_names_the_command(tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise ModuleNotFoundError(\"No module named 'torch'\", name='torch')\n")
    code = (
        "from odyssim.models.registry import load_model\n"
        "from odyssim.errors import MissingDependency\n"
        "try:\n    load_model('local/x')\n"
        "except MissingDependency as error:\n    print(error.message, error.hint)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert "'torch'" in done.stdout
    assert "pip install 'odyssim[train]'" in done.stdout


def test_errors_are_typed_for_any_name() -> None:
    for name in ("local/does-not-exist", "scripted/none", "x" * 5000, "inspect/"):
        with pytest.raises(OdysSimError):
            load_model(name)
