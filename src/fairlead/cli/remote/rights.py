"""`--may` and `--only`: which commands a key has. One way to say it where the line is made, and where it counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from fairlead.cli.remote.table import REMOTE, named
from fairlead.errors import UsageError
from fairlead.operations.remote.bound import ALL, DEPLOYER

APPROVING = ("approve", "promote")


def rights_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--may`, `--only`, `--from`, `--approve`, `--allow-root`."""
    for option in reversed((
        click.option("--may", multiple=True, metavar="COMMAND",
                     help=f"It may do that too: logs, db-status … or `{ALL}`, as an administrator."),
        click.option("--only", multiple=True, metavar="COMMAND", help="It may do that, and not even deploy."),
        click.option("--from", "sources", multiple=True, metavar="ENV", help="It may promote from this environment."),
        click.option("--approve", "approves", is_flag=True, help="It may approve what waits for a person."),
        click.option("--allow-root", "roots", is_flag=True,
                     help="What it deploys may take the machine: folders of it, root, ports, devices."),
    )):  # fmt: skip
        function = option(function)
    return function


def commands(said: Sequence[str]) -> tuple[str, ...]:
    """By their words. UsageError for what is none that runs on a host, with the nearest."""
    found = []
    for text in said:
        name = ALL if text == ALL else named(text)
        if name is None:
            from fairlead.project.problem import did_you_mean  # noqa: PLC0415 — only where something is wrong

            names = ["-".join(words) for words in REMOTE]
            raise UsageError(f'"{text}" is no command that runs on a host{did_you_mean(text, names)}')
        found.append(name)
    return tuple(dict.fromkeys(found))


def allowed(may: Sequence[str], only: Sequence[str], approves: bool) -> tuple[str, ...]:
    """All that a key may do."""
    base = commands(only) if only else DEPLOYER
    return tuple(dict.fromkeys((*base, *commands(may), *(APPROVING if approves else ()))))
