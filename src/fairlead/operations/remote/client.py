"""The laptop's side of a connection: what the command needs goes there, what it says is shown here."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from fairlead import __version__
from fairlead.errors import FairleadError, Refused
from fairlead.hosts.base import Channel, ConnectionLost, Host, Unreachable
from fairlead.hosts.wire import Ended, Malformed
from fairlead.operations.remote.archive import pack
from fairlead.operations.remote.bound import command_line
from fairlead.operations.remote.manifest import Manifest, inside
from fairlead.operations.remote.request import Request
from fairlead.operations.remote.serve import PROTOCOL
from fairlead.system.files import write_file

WORTH_A_WORD = 4 << 20  #: bytes that take a while to be sent
NOISE = 200  #: lines that a login shell may say before Fairlead does
Show = Callable[[dict[str, Any]], None]
Note = Callable[[str], None]


class Failed(FairleadError):
    """An error that happened on the host; `described` is what it said of it."""

    def __init__(self, described: dict[str, Any]) -> None:
        super().__init__(str(described.get("message")), described.get("hint"))
        self.described = described
        self.exit_code = int(described.get("exit_code") or 1)


class Client:
    """One connection, to the Fairlead on a host. Unreachable, or Refused, as long as nothing was begun."""

    def __init__(self, host: Host, project: str, environment: str) -> None:
        self.host, self.project, self.environment = host, project, environment
        self._channel: Channel | None = None
        self._begun = False  #: something is under way there that goes on without us
        self._heard = False

    def __enter__(self) -> Client:
        self._channel = self.host.call(command_line(self.project, self.environment))
        try:
            self._greet()
        except BaseException:  # Ctrl-C while ssh asks something, too
            self._channel.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._channel is not None:
            self._channel.close()

    @property
    def _open(self) -> Channel:
        if self._channel is None:
            raise AssertionError("it is not connected")
        return self._channel

    def _greet(self) -> None:
        greeting = {"say": "hello", "protocol": PROTOCOL, "fairlead": __version__, "project": self.project,
                    "environment": self.environment}  # fmt: skip
        self._send(greeting)
        said = self._first()
        there = str(said.get("fairlead"))
        if said.get("say") != "welcome" or there != __version__ or said.get("protocol") != PROTOCOL:
            what = f"Fairlead here is {__version__}, the one on {self.host.where} is {there}"
            hint = f"`fairlead host install {self.environment}` installs {__version__} there; or install {there} here"
            raise Refused(what, hint)

    def _first(self) -> dict[str, Any]:
        """Its first word, behind what the login shell may have said."""
        for _ in range(NOISE):
            with suppress(Malformed):
                said = self._message()
                if said.get("say") == "welcome":
                    self._heard = True
                    return said
                if said.get("frame") == "error":
                    raise Failed(dict(said["error"]))
        raise Unreachable(f"{self.host.where} says much, but nothing that Fairlead says", "look at its login shell")

    def _send(self, message: dict[str, Any]) -> None:
        try:
            self._open.wire.send(message)
        except Ended:
            raise self._lost() from None

    def _message(self) -> dict[str, Any]:
        try:
            return self._open.wire.message()
        except Ended:
            raise self._lost() from None

    def _lost(self) -> FairleadError:
        """Why the other side has gone: what it said last, or what ssh says."""
        with suppress(Ended, Malformed):
            while (said := self._open.wire.message()).get("frame") != "error":
                pass
            return Failed(dict(said["error"]))
        error = self._open.failure(self._heard)
        if not isinstance(error, ConnectionLost):
            hint = (error.hint or "").replace("ENV", self.environment)
            return type(error)(error.message, hint or None)
        if not self._begun:
            return ConnectionLost(f"{error.message}: nothing was begun", "run the command again")
        what = f"{error.message}: what was begun there goes on"
        return ConnectionLost(what, f"`fairlead attach {self.environment}` finds it again, and follows it to its end")

    def send_tree(self, base: Path, manifest: Manifest, note: Note) -> None:
        """Have the files there, as far as they are not. What is newer there is taken over, and said by `note`."""
        wire = self._open.wire
        try:
            wire.send({"say": "tree"})
            wire.send_chunk(json.dumps(manifest.to_data()).encode())
            wire.send_chunk(b"")
        except Ended:
            raise self._lost() from None
        wanted = set(self._expect("want")["paths"])
        self._send({"say": "files"})
        items = [one for one in manifest.files if one.path in wanted and one.kind != "link"]
        size = sum(one.size for one in items)
        if size > WORTH_A_WORD:
            note(f"sending {len(items)} files, {size / (1 << 20):.0f} MiB, to {self.host.where}")
        try:
            pack(base, items, wire.send_chunk)
        except Ended:
            raise self._lost() from None
        ready = self._expect("ready")
        self.take_back(base, manifest, ready["changed"], note)
        if ready["key"] is False:
            note(
                f"{self.host.where} has no age key: values of secrets cannot be read there, and none is copied to it. "
                f"`fairlead host install {self.environment}` makes one there, and says whom to encrypt for"
            )

    def _expect(self, say: str) -> dict[str, Any]:
        said = self._message()
        if said.get("frame") == "error":
            raise Failed(dict(said["error"]))
        if said.get("say") != say:
            raise Unreachable(f"{self.host.where} answered what nobody asked", "install the same version on both sides")
        return said

    def take_back(self, base: Path, manifest: Manifest, files: dict[str, str], note: Note) -> None:
        """Files that were changed on the host. One that was changed here too meanwhile stays as it is here."""
        for path, encoded in files.items():
            if inside(path) not in manifest.returned:
                continue
            with suppress(binascii.Error):
                content, target = base64.b64decode(encoded), base / path
                if _digest(target) == _sent(manifest, path):
                    target.parent.mkdir(parents=True, exist_ok=True)
                    write_file(target, content)
                    note(f"{path} was changed on {self.host.where}, and is here now; commit it")
                elif _digest(target) != hashlib.sha256(content).hexdigest():
                    other = target.with_name(f"{target.name}.{self.host.where.replace('/', '_')}")
                    write_file(other, content)
                    note(f"{path} was changed both here and on {self.host.where}; theirs is {other.name}: merge them")

    def run(self, request: Request, show: Show) -> int:
        """Have it done; the exit code. ConnectionLost when it may go on without us."""
        self._send(request.to_data())
        return self._follow(show)

    def attach(self, show: Show) -> int:
        """Follow what is under way there, to its end; its exit code."""
        self._begun = True
        self._send({"say": "attach"})
        return self._follow(show)

    def identity(self) -> dict[str, Any]:
        """Have a key of age on the host; its `recipient`, the `file` there and whether it was `made` now."""
        self._send({"say": "identity"})
        return self._expect("identity")

    def interrupt(self) -> None:
        """Ctrl-C is carried over. Says nothing when there is nobody to hear it."""
        with suppress(Ended):
            self._open.wire.send({"say": "interrupt"})

    def _follow(self, show: Show) -> int:
        while True:
            frame = self._message()
            kind = frame.get("frame")
            if kind == "exit":
                return int(frame["code"])
            if kind == "begun":
                self._begun = True
            show(frame)


def _digest(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def _sent(manifest: Manifest, path: str) -> str | None:
    item = manifest.of(path)
    return item.content if item else None
