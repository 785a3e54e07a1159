"""The host's side of a connection: messages in, what happens out. Whatever it does not understand ends it."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from fairlead import __version__
from fairlead.artifacts.origin import account
from fairlead.errors import FairleadError, Refused
from fairlead.hosts.wire import Ended, Malformed, Wire
from fairlead.operations.remote.archive import longest
from fairlead.operations.remote.attach import attach, follow
from fairlead.operations.remote.bound import Bound, write_refusal
from fairlead.operations.remote.checkout import Checkout, Checkouts
from fairlead.operations.remote.manifest import from_data as manifest_from
from fairlead.operations.remote.request import Request, text
from fairlead.operations.remote.request import from_data as request_from
from fairlead.operations.remote.running import Emit, Operations, writer
from fairlead.system.detached import beside
from fairlead.system.files import free_bytes
from fairlead.system.lock import held_lock

PROTOCOL = 1
LARGEST_MANIFEST = 64 << 20  #: bytes
WAIT = 30.0  #: seconds for another one who makes a checkout of the same environment
ROOM = 256 << 20  #: bytes of the host's disk that stay free
SILENCE = 20.0  #: seconds without a byte after which one who makes it is gone; others have waited no longer


@dataclass(frozen=True, slots=True)
class Job:
    """A request that was accepted, and where it is done."""

    request: Request
    bound: Bound
    checkout: Checkout | None
    lasting: bool  #: it changes something: it goes on without the connection
    what: str  #: the command line, for people


class Work(Protocol):
    """What the commands are is known above this layer."""

    def accept(self, request: Request, bound: Bound, checkout: Checkout | None) -> Job:
        """Refused or UsageError for a command that is none, that is not for this, or whose arguments do not fit."""

    def perform(self, job: Job, emit: Emit) -> int:
        """Do it and say what happens; an exit code. Raises nothing."""


@dataclass
class Server:
    """One connection."""

    wire: Wire
    bound: Bound
    work: Work
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    checkout: Checkout | None = None

    def run(self) -> int:
        """Serve it until it ends."""
        try:
            self.bound.check_asked(self.environ)
            self._hello(self.wire.message())
            while True:
                self._answer(self.wire.message())
        except Ended:
            return 0
        except (Malformed, Refused) as error:
            write_refusal(self.bound, error.message, self.environ)
            return self._fail(error)
        except FairleadError as error:
            return self._fail(error)

    def _fail(self, error: FairleadError) -> int:
        try:
            self._frame({"frame": "error", "error": described(error)})
            self._frame({"frame": "exit", "code": error.exit_code})
        except Ended:
            pass
        return error.exit_code

    def _frame(self, frame: dict[str, Any]) -> None:
        self.wire.send(frame)

    def _hello(self, said: dict[str, Any]) -> None:
        if said.get("say") != "hello":
            raise Malformed("a message before the greeting")
        self.bound = self.bound.agreed(text(said.get("project")), text(said.get("environment")))
        self.wire.send({"say": "welcome", "protocol": PROTOCOL, "fairlead": __version__, "host": socket.gethostname()})
        if said.get("protocol") != PROTOCOL:
            raise Malformed(f"a greeting of another protocol; {PROTOCOL} is spoken here")

    def _answer(self, said: dict[str, Any]) -> None:
        answers: dict[str, Callable[[dict[str, Any]], None]] = {
            "tree": self._tree, "files": self._files, "run": self._run, "attach": self._attach,
            "identity": self._identity,
        }  # fmt: skip
        answer = answers.get(str(said.get("say")))
        if answer is None:
            raise Malformed("a message of a kind that is not known")
        answer(said)

    def _tree(self, said: dict[str, Any]) -> None:
        """What a checkout is to be made of; which files are lacking is the answer."""
        data = b"".join(self.wire.chunks(LARGEST_MANIFEST))
        try:
            manifest = manifest_from(json.loads(data))
        except (ValueError, RecursionError):
            raise Malformed("a manifest that is not JSON") from None
        place = self.bound.place()
        place.remote.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.root.chmod(0o700)
        lock = held_lock(place.remote / "lock", str(os.getpid()), "the checkouts", wait=WAIT)
        with lock, self.wire.impatient(SILENCE):
            checkouts = Checkouts(place)
            newer = checkouts.newer(manifest)
            found = checkouts.begin(manifest)
            _require_room(place.remote, sum(one.size for one in found.wanted.values()))
            self.wire.send({"say": "want", "paths": list(found.wanted)})
            if self.wire.message().get("say") != "files":
                raise Malformed("a message where files belong")
            found.receive(self.wire.chunks(longest(found.wanted.values())))
            found.finish(newer)
            checkouts.prune(Operations(place).used() | {found.folder.name} | _rotated(place.ledger))
        self.checkout = found
        self.wire.send({"say": "ready", "changed": _sendable(newer), "key": _key(found)})

    def _files(self, said: dict[str, Any]) -> None:
        raise Malformed("files that nobody asked for")

    def _run(self, said: dict[str, Any]) -> None:
        job = self.work.accept(request_from(said), self.bound, self.checkout)
        code = self._lasting(job) if job.lasting else self._passing(job)
        changed = job.checkout.changed() if job.checkout else {}
        if changed:
            self._frame({"frame": "changed", "files": _sendable(changed)})
        self._frame({"frame": "exit", "code": code})

    def _lasting(self, job: Job) -> int:
        checkout = job.checkout.folder.name if job.checkout else None
        facts = {
            "what": job.what,
            "operation": job.request.operation,
            "by": _who(job.request.origin),
            "checkout": checkout,
        }
        operation = Operations(self.bound.place()).begin(facts, lambda emit: self.work.perform(job, emit))
        self._frame({"frame": "begun", "operation": operation.number})
        return follow(operation, self._frame, lambda seconds: self._listen(seconds, operation.interrupt))

    def _passing(self, job: Job) -> int:
        """It ends with the connection, and says nothing that somebody else could want to know."""
        child = beside(lambda descriptor: _say(descriptor, self.work, job))
        said = Wire(child.said, child.said, 1 << 30)
        try:
            while True:
                frame = said.poll(0)
                if frame is None:
                    self._listen(60.0, lambda: child.signal(signal.SIGINT), child.said)
                elif frame.get("frame") == "exit":
                    return int(frame["code"])
                else:
                    self._frame(frame)
        except Ended:
            return 1
        finally:
            child.end()

    def _listen(self, seconds: float, interrupt: Callable[[], None], also: int | None = None) -> None:
        """For so long, or until `also` has something to say. Ended when the connection is gone."""
        said = self.wire.poll(seconds, also)
        if said is None:
            return
        if said.get("say") != "interrupt":
            raise Malformed("a message while a command is under way")
        interrupt()

    def _attach(self, said: dict[str, Any]) -> None:
        place = self.bound.place()
        last = Operations(place).last()
        if last is not None:
            operation = str(last.facts.get("operation"))  # Ctrl-C of who follows it is carried over too
            self.bound.require_may(operation, promoted=operation == "promote" and bool(self.bound.sources))
        interrupt = last.interrupt if last else (lambda: None)
        code = attach(place, self._frame, lambda seconds: self._listen(seconds, interrupt))
        self._frame({"frame": "exit", "code": code})

    def _identity(self, said: dict[str, Any]) -> None:
        """Have a key of age here, and say whom secrets have to be encrypted for."""
        from fairlead.secrets.identities import ensure_own  # noqa: PLC0415 — where a key is made

        if self.bound.forced:
            raise Refused("this key makes no keys on the host", "use one that may log in there")
        recipient, path, made = ensure_own()
        self.wire.send({"say": "identity", "recipient": recipient, "file": str(path), "made": made})


def _require_room(folder: Path, size: int) -> None:
    """A full disk would end what runs on the host, not this command alone."""
    free = free_bytes(folder)
    if free < size + ROOM:
        what = f"what is to be sent is {size >> 20} MiB, and the host has {free >> 20} MiB left"
        raise FairleadError(
            what, "make room there, for example with `fairlead prune ENV`, or send less: .fairleadignore"
        )


def _say(descriptor: int, work: Work, job: Job) -> None:
    emit = writer(descriptor)
    emit({"frame": "exit", "code": work.perform(job, emit)})


def described(error: FairleadError) -> dict[str, Any]:
    """An error as it is sent where no command was called."""
    return {"message": error.message, "hint": error.hint, "exit_code": error.exit_code}


def _sendable(files: dict[str, bytes]) -> dict[str, str]:
    return {path: base64.b64encode(content).decode() for path, content in files.items()}


def _who(origin: dict[str, Any]) -> str:
    user = origin.get("user") or account()
    return f"{user}@{origin['host']}" if origin.get("host") else str(user)


def _key(checkout: Checkout) -> bool | None:
    """Whether this host has any key that could open the files of secrets in a checkout; None where there is none."""
    if not any(checkout.manifest.of(path) for path in checkout.manifest.returned):
        return None
    from fairlead.secrets.identities import keys  # noqa: PLC0415 — brings age

    return bool(keys().identities)


def _rotated(ledger: Any) -> set[str]:
    """The checkouts that rotations under way write to."""
    if not ledger.exists():
        return set()
    from fairlead.ledger import Ledger  # noqa: PLC0415
    from fairlead.secrets.rotation.journal import open_rotations  # noqa: PLC0415

    with Ledger.read(ledger) as opened:
        roots = [str(one.facts.get("root", "")).split("/") for one in open_rotations(opened)]
    return {name for parts in roots for name in parts if len(name) == 16}
