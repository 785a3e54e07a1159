"""`fairlead db tuning`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from fairlead.cli.session import Session, dim, green, yellow
from fairlead.cli.text import table
from fairlead.cli.verb import environment, verb

if TYPE_CHECKING:
    from fairlead.operations.tuning import Tuning


@verb("fairlead db tuning production", name="tuning")
@environment()
@click.argument("stores", metavar="[STORE]...", nargs=-1)
def command(session: Session, environment: str, stores: tuple[str, ...]) -> None:
    """Show how ENV's PostgreSQL is set up from memory, processors and disk: now, wanted, and why. Nothing is changed.

    What is wanted comes into force when the store is started the next time. `tune: off` leaves all as it comes.
    """
    from fairlead.operations.tuning import tuning  # noqa: PLC0415 — start-up is part of the product

    found = tuning(session.project().outline(environment), stores)
    data = [
        {"store": one.store, "tune": "auto" if one.on else "off", "in_force": one.ok,
         "settings": [asdict(it) | {"restart": not it.same} for it in one.settings]}
        for one in found
    ]  # fmt: skip
    session.answer({"environment": environment, "stores": data}, "\n".join(map(_text, found)))


def _text(one: Tuning) -> str:
    if not one.on:
        return f"{one.store}: tune: off"
    state = green("in force") if one.ok else yellow("in force when it is started the next time")
    rows = [(it.name, it.now, it.wanted if it.same else yellow(it.wanted), dim(it.why)) for it in one.settings]
    return f"{one.store}: {state}\n{table(rows, ('setting', 'now', 'wanted', 'why'), indent=2)}"
