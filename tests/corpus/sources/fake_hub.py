"""A Hugging Face hub on this machine: as much of its HTTP interface as streaming a dataset takes.

A dataset is a folder of the served one, OWNER/NAME. Three names misbehave: `gated` asks for consent, `dies` hangs up
when a data file is asked for, and what has no folder does not exist.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlparse

_COMMIT = "0" * 40
_PATH = re.compile(r"/(?P<api>api/)?datasets/(?P<repo>[^/]+/[^/]+)(?P<rest>/.*)?")


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The address of a hub with the datasets in `folder`, while the block runs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, folder: Path, *args: object) -> None:
        self.folder = folder
        super().__init__(*args)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        found = _PATH.fullmatch(unquote(urlparse(self.path).path))
        repo = found["repo"] if found else "nobody/nothing"
        if repo.endswith("/gated"):
            return self._answer(403, code="GatedRepo")
        if not found or not (self.folder / repo).is_dir():
            return self._answer(404, code="RepoNotFound")
        folder, rest = self.folder / repo, (found["rest"] or "").split("/", 3)[1:]
        match [bool(found["api"]), *rest]:
            case [True, "tree", _, *below]:
                return self._json([_listed(path, folder) for path in sorted(folder.joinpath(*below).glob("*"))])
            case [True, *_]:
                return self._json({"id": repo, "sha": _COMMIT, "siblings": [], "gated": False, "private": False})
            case [False, "resolve", _, path] if (folder / path).is_file():
                return self._file(folder / path, dies=repo.endswith("/dies"))
        return self._answer(404, code="EntryNotFound")

    do_HEAD = do_GET

    def _file(self, path: Path, *, dies: bool) -> None:
        if dies and self.command == "GET":
            self.close_connection = True
            return None
        content = path.read_bytes()
        if asked := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")):
            start, end = int(asked[1]), min(int(asked[2] or len(content)), len(content) - 1)
            return self._answer(206, content[start : end + 1], {"Content-Range": f"bytes {start}-{end}/{len(content)}"})
        return self._answer(200, content)

    def _json(self, value: object) -> None:
        self._answer(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _answer(
        self, status: int, content: bytes = b"{}", headers: dict[str, str] | None = None, *, code: str = ""
    ) -> None:
        self.send_response(status)
        told = {"ETag": '"1"', "X-Repo-Commit": _COMMIT, **({"X-Error-Code": code} if code else {}), **(headers or {})}
        for name, value in {**told, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def _listed(path: Path, root: Path) -> dict[str, object]:
    kind = "directory" if path.is_dir() else "file"
    return {"type": kind, "path": path.relative_to(root).as_posix(), "size": path.stat().st_size, "oid": _COMMIT}
