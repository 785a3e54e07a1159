"""A command for all environments of a project, some of which run elsewhere: each is asked where it runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import click

from fairlead.cli.remote.here import carry
from fairlead.cli.remote.table import Row, Words
from fairlead.cli.session import Session, described, red
from fairlead.errors import FairleadError


@dataclass
class _Gathered(Session):
    """Keeps what it is answered."""

    answers: list[tuple[Any, str]] = field(default_factory=list)

    def answer(self, data: object, text: str) -> None:
        self.answers.append((data, text))


def each(context: click.Context, session: Session, words: Words, row: Row) -> None:
    """Ask all, and answer with one document. The exit code is the highest; who cannot be asked counts as 1."""
    project, names = session.peek()
    gathered = _Gathered(json=session.json, stream=session.stream, file=session.file)
    codes = [_ask(context, gathered, words, row, name) for name in names]
    data: dict[str, Any] = {"project": project}
    for one, _ in gathered.answers:
        data = _merged(data, one)
    session.answer(data, "\n\n".join(text for _, text in gathered.answers if text))
    if max(codes):
        context.exit(max(codes))


def _ask(context: click.Context, session: _Gathered, words: Words, row: Row, name: str) -> int:
    arguments = context.params | {"environment": name}
    inner = click.Context(context.command, parent=context.parent, info_name=context.info_name, obj=session)
    inner.params = arguments
    for parameter in context.params:
        source = context.get_parameter_source(parameter)
        if source is not None:
            inner.set_parameter_source(parameter, source)
    try:
        with inner:
            if session.hosts((name,)):
                carry(inner, session, words, row, (name,))
            else:
                click.Command.invoke(context.command, inner)
    except click.exceptions.Exit as error:
        return error.exit_code
    except FairleadError as error:
        said = {"environment": name, "error": described(error)}
        listed = words == ("status",)
        data: dict[str, Any] = {"environments": [said] if listed else {name: []}, "ok": False}
        session.answer(data if not listed else {"environments": [said]}, f"{name}  {red(error.message)}")
        return 1
    return 0


def _merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Lists one after the other, mappings laid together, truth only where both are true."""
    found = dict(one)
    for key, value in other.items():
        before = found.get(key)
        if isinstance(before, bool) and isinstance(value, bool):
            found[key] = before and value
        elif isinstance(before, list) and isinstance(value, list):
            found[key] = before + value
        elif isinstance(before, dict) and isinstance(value, dict):
            found[key] = before | value
        else:
            found[key] = value
    return found
