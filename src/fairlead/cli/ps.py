"""`fairlead ps`: what each instance uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairlead.cli.session import Session
from fairlead.cli.text import table
from fairlead.cli.verb import environment, verb

if TYPE_CHECKING:
    from fairlead.operations.ps import Used

MEGA = 1 << 20


@verb("fairlead ps production", name="ps")
@environment()
def command(session: Session, environment: str) -> None:
    """Show what each instance of ENV uses of the machine: processes, memory, processor time."""
    from fairlead.operations.ps import ps  # noqa: PLC0415 — start-up is part of the product

    found = ps(session.place(environment))
    data = {"environment": environment, "instances": [one.data() for one in found]}
    head = ("instance", "phase", "pid", "processes", "memory", "limit", "cpu")
    session.answer(data, table([_row(one) for one in found], head) if found else "nothing runs")


def _row(one: Used) -> tuple[str, ...]:
    limit = f"{one.limit / MEGA:.0f} MB" if one.limit else "-"
    pid = str(one.instance.pid or "-")
    return (
        one.instance.id, one.instance.phase, pid, str(one.processes), f"{one.memory / MEGA:.0f} MB", limit,
        f"{one.cpu:.1f} s",
    )  # fmt: skip
