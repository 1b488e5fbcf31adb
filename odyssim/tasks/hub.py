"""Published files from the Hugging Face hub, when the user names one: `--data hf://sunweiwei/sim-eval-data`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from odyssim.errors import DataError, MissingDependency, UsageError

HUB: Final = "hf://"


def data_folder(given: str) -> Path:
    """A local path as it is; for `hf://OWNER/NAME` or `hf://OWNER/NAME@REVISION` the folder that its files came into.

    Downloads the Parquet files at the top of that dataset into the hub's cache (`HF_HOME`), those that are not there
    yet. Raises `UsageError` for a name that is none, `DataError` if the hub does not give the files.
    """
    if not given.startswith(HUB):
        return Path(given)
    try:
        from huggingface_hub import HfApi, hf_hub_download
        from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError
    except ImportError as error:
        raise MissingDependency("huggingface_hub", "corpus", purpose="Reading from the Hugging Face hub") from error

    repo, _, revision = given.removeprefix(HUB).partition("@")
    if repo.count("/") != 1:
        raise UsageError(f"'{given}' names no dataset of the hub.", hint="--data hf://OWNER/NAME")
    http_error: type[Exception] = HfHubHTTPError.__bases__[0]  # that of whatever HTTP library the hub's client uses
    try:
        names = [entry.path for entry in HfApi().list_repo_tree(repo, repo_type="dataset", revision=revision or None)]
        wanted = [name for name in names if name.endswith(".parquet")]
        files = [hf_hub_download(repo, name, repo_type="dataset", revision=revision or None) for name in wanted]
    except GatedRepoError as error:
        raise DataError(
            "this dataset is gated", path=given, hint="accept its terms on the hub, then set HF_TOKEN"
        ) from error
    except RepositoryNotFoundError as error:
        raise DataError("the hub has no such dataset", path=given, hint="check OWNER/NAME") from error
    except (http_error, ConnectionError, TimeoutError) as error:
        raise DataError(
            f"the hub cannot be reached: {error}",
            path=given,
            hint=f"try again later, or: hf download {repo} --repo-type dataset --local-dir DATA",
        ) from error
    if not files:
        raise DataError("this dataset has no Parquet files at its top", path=given, hint="download it and use its path")
    return Path(files[0]).parent
