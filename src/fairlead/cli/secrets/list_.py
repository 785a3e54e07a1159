"""`fairlead secrets list`."""

from __future__ import annotations

from dataclasses import asdict

from fairlead.cli.secrets import VERBS
from fairlead.cli.session import Session, dim, green, red
from fairlead.cli.text import table
from fairlead.cli.verb import environment, verb

DAY = 86400.0


@verb("fairlead secrets list production", name="list", short=VERBS["list"])
@environment()
def command(session: Session, environment: str) -> None:
    """List the secrets of ENV: which have a value, how they are made, who uses them. Never a value."""
    from fairlead.operations.secrets.values import listed  # noqa: PLC0415 — start-up is part of the product

    rows = listed(session.project(), environment)
    cells = [
        (one.name, green("✓") if one.there else red("missing"), one.made if one.declared else dim("not declared"),
         f"{one.rotate / DAY:g} d" if one.rotate else "-", ", ".join(one.used) or dim("nobody"))
        for one in rows
    ]  # fmt: skip
    text = table(cells, ("name", "value", "made", "rotate", "used by")) if rows else f"{environment} has no secrets"
    session.answer({"environment": environment, "secrets": [asdict(one) for one in rows]}, text)
