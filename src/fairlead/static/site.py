"""A folder of files as a WSGI application.

All files are looked at once, when it starts: a request is looked up among them, so no path leads anywhere else, and no
folder is listed. WhiteNoise does the rest: types, conditional and range requests, and files that were compressed
beforehand. What is new here: nothing that begins with a dot is served, nothing behind a link that leads out, and a
folder's index.html is there under both of its addresses.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from wsgiref.headers import Headers

from whitenoise import WhiteNoise

INDEX = "index.html"
PUBLIC = ".well-known"
"""The one name with a dot at its beginning that is meant for everybody (RFC 8615)."""
_HASHED = re.compile(r"[.-](?=[A-Za-z0-9_-]*[0-9])[A-Za-z0-9_-]{8,}\.[a-z0-9.]+$")
"""What builders add to the names of files that never change: `main.3f2a1b9c.js`, `index-BX7b9kzE.css`."""

Start = Callable[..., object]


class Site(WhiteNoise):  # type: ignore[misc]
    """The files of `folder`, below which nothing changes while it is served. FileNotFoundError when it is not there."""

    def __init__(self, folder: Path) -> None:
        self._root = folder.resolve(strict=True)
        super().__init__(
            _missing, root=str(self._root), max_age=0, allow_all_origins=False, add_headers_function=_tag,
            immutable_file_test=_HASHED.pattern,
        )  # fmt: skip

    def add_file_to_dictionary(self, url: str, path: str, stat_cache: Any = None) -> None:
        """Called for each file there is."""
        names = [name for name in url.split("/") if name.startswith(".")]
        if any(name != PUBLIC for name in names) or not Path(path).resolve().is_relative_to(self._root):
            return
        super().add_file_to_dictionary(url, path, stat_cache=stat_cache)
        if url.endswith(f"/{INDEX}") and url in self.files:
            self.files[url.removesuffix(INDEX)] = self.files[url]


def _tag(headers: Headers, path: str, url: str) -> None:
    """By content: all files of a release are made at other times in each place that it runs."""
    with open(path, "rb") as file:
        headers["ETag"] = f'"{hashlib.file_digest(file, "sha256").hexdigest()[:32]}"'


def _missing(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
    body = b"there is no such file\n"
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
    start("404 Not Found", [*headers, ("Cache-Control", "no-store")])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def compress(folder: Path) -> int:
    """Write beside each file its compressed form where that is smaller; how many were written."""
    from whitenoise.compress import Compressor  # noqa: PLC0415 — not needed to serve

    compressor = Compressor(quiet=True)
    found = [Path(place, name) for place, _, names in os.walk(folder) for name in names]
    wanted = [path for path in found if path.is_file() and compressor.should_compress(path.name)]
    return sum(len(compressor.compress(str(path))) for path in wanted)
