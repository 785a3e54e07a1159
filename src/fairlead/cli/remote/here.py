"""On the laptop: a command for an environment that runs elsewhere is sent there, and looks as if it ran here."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from fairlead.cli.progress.base import showing
from fairlead.cli.remote.arguments import sent
from fairlead.cli.remote.table import Row, Words
from fairlead.cli.session import Session, tell, yellow
from fairlead.errors import (
    Busy,
    ConfigurationError,
    FairleadError,
    Finding,
    Interrupted,
    Refused,
    UsageError,
    Waiting,
)
from fairlead.hosts.table import host_of
from fairlead.operations.remote.client import Client, Failed
from fairlead.operations.remote.request import Request
from fairlead.rollout.events import Emit, Event, silent
from fairlead.system.signals import Left, carried_over

if TYPE_CHECKING:
    from pathlib import Path

    from fairlead.masking import Secret
    from fairlead.operations.remote.manifest import Manifest

KINDS: dict[int, type[FairleadError]] = {2: UsageError, 3: Refused, 4: Busy, 130: Interrupted}


class Viewer:
    """Shows the frames that come from a host. `error` is what it said went wrong."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._opened = ExitStack()
        self._emit: Emit = silent
        self.error: FairleadError | None = None
        self.changed: dict[str, str] = {}

    def __enter__(self) -> Viewer:
        return self

    def __exit__(self, *error: Any) -> None:
        self._opened.close()

    def __call__(self, frame: dict[str, Any]) -> None:
        handler = getattr(self, f"_on_{frame.get('frame')}", None)
        if handler is not None:
            handler(frame)

    def _on_show(self, frame: dict[str, Any]) -> None:
        self._opened.close()
        self._emit, _ = self._opened.enter_context(showing(self._session, str(frame["title"])))

    def _on_hide(self, frame: dict[str, Any]) -> None:
        self._opened.close()
        self._emit = silent

    def _on_event(self, frame: dict[str, Any]) -> None:
        self._emit(Event(str(frame["kind"]), str(frame["text"]), dict(frame["data"])))

    def _on_answer(self, frame: dict[str, Any]) -> None:
        self._session.answer(frame["data"], str(frame["text"]))

    def _on_out(self, frame: dict[str, Any]) -> None:
        click.echo(str(frame["text"]), nl=False)

    def _on_err(self, frame: dict[str, Any]) -> None:
        click.echo(str(frame["text"]), nl=False, err=True)

    def _on_error(self, frame: dict[str, Any]) -> None:
        self.error = rebuilt(dict(frame["error"]))

    def _on_changed(self, frame: dict[str, Any]) -> None:
        self.changed = dict(frame["files"])


def rebuilt(described: dict[str, Any]) -> FairleadError:
    """An error that happened elsewhere, as it would have been here."""
    message, hint = str(described.get("message")), described.get("hint")
    if "findings" in described:
        return ConfigurationError([Finding(**one) for one in described["findings"]], hint)
    if "waiting" in described:
        return Waiting(message, hint, described["waiting"])
    error = KINDS.get(int(described.get("exit_code") or 1), FairleadError)(message, hint)
    error.exit_code = int(described.get("exit_code") or 1)
    return error


def carry(context: click.Context, session: Session, words: Words, row: Row, places: tuple[str, ...]) -> None:
    """Have the command done where the last of `places` runs. Errors and exit codes are those it has there."""
    environment, arguments = places[-1], sent(context, row)
    address = address_of(session, places)
    if row.asks and row.acts(context.params):
        session.confirm(row.asks.format(environment=environment), bool(context.params.get("yes")))
        arguments = {name: value for name, value in arguments.items() if name != "yes"}
        arguments |= {"yes": True} if "yes" in context.params else {}
    tree = _tree(session, places) if row.tree and _needs_tree(context, words, places) else None
    value = _handed(context, session) if row.handed else None
    request = Request(
        " ".join(words), arguments, places[0] if len(places) > 1 else None, json=session.json, live=_live(session),
        origin=_origin(session) if row.acts(context.params) else {}, secret=value,
        commit=_commit(session, environment) if tree else None,
    )  # fmt: skip
    client = Client(host_of(address), session.peek()[0], environment)
    code = _done(session, client, request, tree, quiet=not row.acts(context.params))
    if code:
        context.exit(code)


def _done(session: Session, client: Client, request: Request, tree: tuple[Path, Manifest] | None, quiet: bool) -> int:
    def note(text: str) -> None:
        tell(f"{yellow('note:')} {text}")

    try:
        with client, Viewer(session) as viewer:
            if tree is not None:
                client.send_tree(*tree, note)
            code = followed(client, lambda: client.run(request, viewer), client.environment, quiet)
            if tree is not None and viewer.changed:
                client.take_back(*tree, viewer.changed, note)
    except Failed as error:
        raise rebuilt(error.described) from error
    if viewer.error is not None:
        raise viewer.error
    return code


def followed(client: Client, act: Callable[[], int], environment: str, quiet: bool = False) -> int:
    """Follow an act; Ctrl-C is carried over, a second one leaves it. `quiet`: nothing is said of the first."""
    try:
        with carried_over(client.interrupt, quiet):
            return act()
    except Left as error:
        what = f"left as it is: what is under way on {client.host.where} goes on without us"
        raise Interrupted(what, f"`fairlead attach {environment}` finds it again") from error


def address_of(session: Session, places: tuple[str, ...]) -> str:
    """The one host of these environments. UsageError when it is not one."""
    hosts = [session.glance().hosts.get(one) for one in places]
    found = hosts[-1]
    if found is None or len(set(hosts)) > 1:
        what = f"{' and '.join(places)} do not run on the same host"
        raise UsageError(what, "an artifact is promoted between environments of one host; deploy there instead")
    return found


def _needs_tree(context: click.Context, words: Words, places: tuple[str, ...]) -> bool:
    if words == ("promote",):
        return len(places) > 1
    return words != ("verdict",) or bool(context.params.get("replay"))


def _tree(session: Session, places: Iterable[str]) -> tuple[Path, Manifest]:
    from fairlead.operations.remote.gather import gather, private_keys  # noqa: PLC0415 — brings the validator

    project = session.project()
    for name in places:
        for key in private_keys(project, name):
            tell(f"{yellow('note:')} {key}, a private key that {name} names, is sent to the host")
    return gather(project, places)


def _handed(context: click.Context, session: Session) -> Secret | None:
    """The value that is given here, and needed there."""
    reading: Callable[..., Secret | None] | None = getattr(context.command, "handing", None)
    return reading(session, context.params) if reading else None


def _origin(session: Session) -> dict[str, Any]:
    from fairlead.artifacts import describe_origin  # noqa: PLC0415 — brings what starts programs

    return describe_origin(session.path().absolute().parent)


def _commit(session: Session, environment: str) -> dict[str, Any] | None:
    """What images are named by, where there are any."""
    project = session.project()
    if project.outline(environment).runtime == "process":
        return None
    from fairlead.artifacts.commit import read_commit  # noqa: PLC0415 — for images alone

    return asdict(read_commit(project.root, os.environ))


def _live(session: Session) -> bool:
    return not session.json and sys.stderr.isatty()
