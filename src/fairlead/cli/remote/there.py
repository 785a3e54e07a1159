"""On the host: a command is looked up, its arguments are checked, and it is called as from its own command line."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click

from fairlead.artifacts import speak_for
from fairlead.cli.remote.arguments import argv
from fairlead.cli.remote.table import row_of
from fairlead.cli.session import Session, described
from fairlead.errors import FairleadError, Refused, UsageError
from fairlead.operations.remote.bound import Bound
from fairlead.operations.remote.checkout import Checkout
from fairlead.operations.remote.request import Request
from fairlead.operations.remote.running import Emit
from fairlead.operations.remote.serve import Job
from fairlead.project.loader import Glance, glance
from fairlead.rollout.events import Event
from fairlead.system.home import Place

if TYPE_CHECKING:
    from fairlead.project.project import Project

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


@dataclass
class There(Session):
    """One call for somebody elsewhere: it knows one environment of one project, and says what happens in frames."""

    emit: Emit = field(default=lambda frame: None, repr=False)
    bound: Bound = field(default_factory=lambda: Bound(""))
    checkout: Checkout | None = None
    source: str | None = None

    def project(self) -> Project:
        """As always. Refused for another project than this is for."""
        if self.checkout is None:
            raise UsageError("this command needs the project's folder, and it was not sent")
        found = super().project()
        if found.name != self.bound.project:
            raise Refused(f"this is for the project {self.bound.project} alone, not for {found.name}")
        if self.bound.forced and not self.bound.roots and self.bound.environment in found.environments:
            from fairlead.operations.remote.reach import has_everything, require_within  # noqa: PLC0415

            require_within(found.outline(self.bound.environment), has_everything())
        return found

    def glance(self) -> Glance:
        """The one environment."""
        return Glance(str(self.bound.project), (self.bound.environment,), {})

    def place(self, environment: str) -> Place:
        """Of the one environment, or of that which is promoted."""
        if environment not in (self.bound.environment, self.source):
            raise Refused(f"this is for {self.bound.environment} alone, not for {environment}")
        return Place.of(str(self.bound.project), environment)

    def answer(self, data: object, text: str) -> None:
        """Both of it: how it is shown is decided where it is seen."""
        self.emit({"frame": "answer", "data": data, "text": text})

    def hand_over(self, data: object, text: str) -> None:
        """Values of secrets do not leave the host."""
        raise Refused("this command prints a secret, and does not do so from elsewhere", "log in on the host")

    def fail(self, error: FairleadError) -> None:
        """As it is known to machines; it is said where it is seen."""
        self.emit({"frame": "error", "error": described(error)})


class Frames:
    """Events, to be shown elsewhere."""

    def __init__(self, emit: Emit, title: str, live: bool) -> None:
        self.live, self._emit, self._title = live, emit, title

    def __call__(self, event: Event) -> None:
        self._emit({"frame": "event", "kind": event.kind, "text": event.text, "data": event.data})

    def __enter__(self) -> Frames:
        self._emit({"frame": "show", "title": self._title})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._emit({"frame": "hide"})


class Said(io.TextIOBase):
    """What is printed all the same. It says it is a terminal, so that colours stay in until it is seen."""

    def __init__(self, emit: Emit, kind: str) -> None:
        self._emit, self._kind = emit, kind

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        """One frame."""
        if not isinstance(text, str):
            raise TypeError("text alone")
        if text:
            self._emit({"frame": self._kind, "text": text})
        return len(text)


class Commands:
    """The work of a server: the commands of this program. `called` calls one, and returns its exit code."""

    def __init__(self, root: click.Group, called: Callable[[Session, list[str]], int]) -> None:
        self._root, self._called = root, called

    def accept(self, request: Request, bound: Bound, checkout: Checkout | None) -> Job:
        """As the protocol says."""
        words = tuple(request.operation.split(" "))
        row = row_of(words)
        if row is None:
            raise Refused(f"{request.operation!r} is no command for another machine")
        places = environments(request, bound)
        argv(self._command(words), row, request.arguments, places)  # whether they fit
        bound.require_may(request.operation, promoted=request.source is not None)
        _require(bound, checkout, row.tree and words not in (("promote",), ("verdict",)))
        what = " ".join(["fairlead", *words, *places])
        return Job(request, bound, checkout, row.acts(request.arguments), what)

    def perform(self, job: Job, emit: Emit) -> int:
        """As the protocol says."""
        request, words = job.request, tuple(job.request.operation.split(" "))
        row = row_of(words)
        if row is None:
            raise AssertionError("it was accepted")
        session = There(emit=emit, bound=job.bound, checkout=job.checkout, source=request.source)
        session.shows = lambda title: Frames(emit, title, request.live)
        session.handed = request.secret
        if job.checkout is not None:
            os.chdir(job.checkout.root)
            session.file = job.checkout.file
        speak_for(request.origin | {"via": _via()}, request.commit)
        asked = ["--json"] * request.json
        arguments = argv(self._command(words), row, request.arguments, environments(request, job.bound))
        with _said(emit):
            return self._called(session, [*words, *asked, *arguments])

    def _command(self, words: tuple[str, ...]) -> click.Command:
        found: click.Command | None = self._root
        context = click.Context(self._root, info_name="fairlead")
        for word in words:
            found = found.get_command(context, word) if isinstance(found, click.Group) else None
        if found is None or isinstance(found, click.Group):
            raise Refused(f"{' '.join(words)!r} is no command")
        return found


def environments(request: Request, bound: Bound) -> list[str]:
    """What stands for ENV. Refused for another one than this is for."""
    if request.source is None:
        return [bound.environment]
    if request.operation != "promote" or not NAME.fullmatch(request.source):
        raise Refused(f"{request.operation} is for one environment")
    if bound.forced and request.source not in bound.sources:
        what = f"this key is for {bound.environment} alone, and must not promote from {request.source}"
        raise Refused(what, f"have `--from {request.source}` in its line in authorized_keys")
    return [request.source, bound.environment]


def _require(bound: Bound, checkout: Checkout | None, needed: bool) -> None:
    """Refused without the files that are needed, or with those of another project."""
    if checkout is None:
        if needed:
            raise Refused("this command needs the project's folder, and it was not sent")
        return
    name = glance(checkout.file).name
    if name != bound.project:
        raise Refused(f"this is for the project {bound.project} alone, not for {name}")


def _via() -> str:
    """Where the connection came from."""
    return os.environ.get("SSH_CONNECTION", "").partition(" ")[0]


@contextmanager
def _said(emit: Emit) -> Iterator[None]:
    before: Any = (sys.stdout, sys.stderr)
    sys.stdout, sys.stderr = Said(emit, "out"), Said(emit, "err")
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
