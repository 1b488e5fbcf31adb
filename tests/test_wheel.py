"""What the wheel carries besides code: without it, an installed OdysSim lacks recipes, types or its report page."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from odyssim import __version__

CHECKOUT = Path(__file__).resolve().parents[1]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The paths inside a freshly built wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(CHECKOUT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("*.whl")
    with ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_every_recipe_is_shipped(shipped: set[str]) -> None:
    recipes = {f"odyssim/recipes/{file.name}" for file in (CHECKOUT / "recipes").glob("*.yaml")}
    assert "odyssim/recipes/quickstart.yaml" in recipes
    assert recipes <= shipped


def test_every_file_of_the_package_is_shipped(shipped: set[str]) -> None:
    files = [file for file in (CHECKOUT / "odyssim").rglob("*") if file.is_file() and "__pycache__" not in file.parts]
    paths = {file.relative_to(CHECKOUT).as_posix() for file in files}
    assert "odyssim/py.typed" in paths
    assert any(path.startswith("odyssim/report/") and not path.endswith(".py") for path in paths)
    assert paths <= shipped


def test_nothing_but_the_package_is_shipped(shipped: set[str]) -> None:
    assert {path.split("/")[0] for path in shipped} == {"odyssim", f"odyssim-{__version__}.dist-info"}
