"""`fairlead backup adopt`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairlead.cli.backup.common import arranged_stores, stores
from fairlead.cli.session import Session, dim, green, yellow
from fairlead.cli.verb import environment, verb, yes_option

if TYPE_CHECKING:
    from fairlead.operations.backups.adopt import Taken


@verb("fairlead backup adopt production", "fairlead backup adopt production db", name="adopt",
      short="Go on with backups that another machine made.")  # fmt: skip
@environment()
@stores
@yes_option
def command(session: Session, environment: str, stores: tuple[str, ...], yes: bool) -> None:
    """Have this machine make, and prune, the backups of ENV from now on, where another one did: it is gone, and this
    one takes its place. That one, should it live, is refused from then on.

    It is also what says that a place with nothing in it is a new one on purpose, and no disk that is not mounted.
    """
    from fairlead.operations.backups.adopt import adopt, looked  # noqa: PLC0415 — start-up is part of the product

    arranged = arranged_stores(session, environment, stores)
    found = [looked(one) for one in arranged]
    if any(not one.ours for one in found):
        session.confirm("\n".join(map(_text, found)) + "\nhave this machine make them from now on?", yes)
    done = [adopt(one) for one in arranged]
    rows = [{"store": one.store, "to": one.to, "before": one.before or None, "changed": not one.ours} for one in done]
    session.answer({"environment": environment, "stores": rows}, "\n".join(map(_done, done)))


def _text(one: Taken) -> str:
    state = "made here" if one.ours else one.before or "nobody's yet"
    return f"{one.store} {dim(one.to)}: {state if one.ours else yellow(state)}"


def _done(one: Taken) -> str:
    return f"{green('✓')} {one.store}: " + ("made here already" if one.ours else f"made here from now on, in {one.to}")
