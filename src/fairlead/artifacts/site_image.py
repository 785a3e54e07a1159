"""The image of a `static` service: its files, and a copy of the server that a process would be. Nothing is pulled.

The server is what `fairlead.static.parts` lays out of this machine's Python: so a folder is served by the same program
with and without containers, and there is no base image. It is a layer of its own, the same for all services.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import json
import platform
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO

from fairlead.artifacts.context import DOCKERFILE, add_file
from fairlead.artifacts.source import SourceFile, list_files
from fairlead.engine.engine import MACHINES
from fairlead.errors import FairleadError, Refused
from fairlead.project.stack_container import Build
from fairlead.static.parts import PACKAGES, VARIABLES
from fairlead.system.commands import Command, run

NOBODY = "65532:65532"
SITE = "site"  #: the folder in the image from which `static` is named
_SERVER = "server"
_TEXT = f"""\
FROM scratch
COPY {_SERVER}/ /
COPY {SITE}/ /{SITE}/
ENV {" ".join(f"{name}={value}" for name, value in VARIABLES.items())}
WORKDIR /{SITE}
USER {NOBODY}
"""
_EPOCH = 1.0  #: what the server's files are dated by: the same layer whenever it is made
_PATIENCE = 300.0  #: seconds


@dataclass(frozen=True, slots=True)
class SiteContext:
    """What the image of one service is built from."""

    item: str
    folder: str  #: of the prepared source
    prepared: str  #: digest of that
    tree: Callable[[Callable[[str], None]], Path]  #: has it built
    dockerfile: str = DOCKERFILE

    def digest(self, build: Build, args: dict[str, str], platform: str | None) -> str:
        """64 hex digits of all that decides what is built."""
        facts = {
            "version": 1, "prepared": self.prepared, "folder": self.folder, "server": _server(), "platform": platform,
            "dockerfile": _TEXT,
        }  # fmt: skip
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    def write(self, file: IO[bytes], moment: float | None, say: Callable[[str], None]) -> None:
        """The archive (tar); `moment` as in `Context`. FairleadError when there is no such folder."""
        root = self.tree(say) / self.folder
        if not root.is_dir():
            what = f"{self.item}: static: there is no folder {self.folder} in its source"
            raise FairleadError(what, "check its name, and that `prepare` makes it")
        with tempfile.TemporaryDirectory() as folder, tarfile.open(fileobj=file, mode="w") as archive:
            run(_laying_out(folder)).require("the server of files could not be copied")
            facts = tarfile.TarInfo(DOCKERFILE)
            facts.size, facts.mtime = len(_TEXT), int(_EPOCH)
            archive.addfile(facts, BytesIO(_TEXT.encode()))
            for one in list_files(Path(folder)):
                add_file(archive, Path(folder), one, _EPOCH, f"{_SERVER}/")
            for one in served(root):
                add_file(archive, root, one, moment, f"{SITE}/{self.folder}/")
        file.seek(0)


def served(root: Path) -> Iterator[SourceFile]:
    """The files of a folder; a link that leads out of it would lead nowhere in an image, and is served by nobody."""
    for one in list_files(root):
        if one.kind != "link" or (root / one.path).resolve().is_relative_to(root.resolve()):
            yield one


def require_own(item: str, wanted: str) -> None:
    """Refused when such an image cannot be made here for the platform `wanted`."""
    hint = "give it `build` with a Dockerfile, or `image`, in which the folder and fairlead[static] are"
    machine = platform.machine()
    if sys.platform != "linux":
        raise Refused(f"{item}: the server of files is a copy of this machine's Python, and this is no Linux", hint)
    if wanted != f"linux/{MACHINES.get(machine, machine)}":
        what = f"{item}: the server of files is a copy of this machine's Python, for {machine}"
        raise Refused(f"{what}, and it is to run on {wanted}", hint)
    lacking = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if lacking:
        raise Refused(f"{item}: {lacking[0]} is not installed", "pip install 'fairlead[static]'")


@functools.cache
def _server() -> str:
    """What another one would be another server: asked of a fresh Python, which has loaded what the server loads."""
    return run(_python("identity")).require("the server of files could not be looked at").output.strip()


def _laying_out(folder: str) -> Command:
    return _python("copy", folder)


def _python(*words: str) -> Command:
    # -P: what lies in the folder where Fairlead was called is none of its modules
    return Command((sys.executable, "-B", "-P", "-m", "fairlead.static", *words), timeout=_PATIENCE)
