"""`fairlead backup list`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fairlead.cli.backup.common import arranged_stores, data_of, size, stores
from fairlead.cli.session import Session, dim, green, red, yellow
from fairlead.cli.text import table
from fairlead.cli.verb import environment, verb

if TYPE_CHECKING:
    from fairlead.backups.catalogue import Backup, BadEntry
    from fairlead.backups.physical.coverage import Window
    from fairlead.backups.physical.points import Point
    from fairlead.operations.backups.arrangement import Arrangement

SHOWN = 3  #: restore points


@verb("fairlead backup list production", "fairlead backup list production db --json", name="list",
      short="The backups that there are.")  # fmt: skip
@environment()
@stores
def command(session: Session, environment: str, stores: tuple[str, ...]) -> None:
    """Show the backups of ENV's stores, the newest first: of when, how large, and whether they were ever proven."""
    some = [_listed(one) for one in arranged_stores(session, environment, stores)]
    data, text = [one for one, _, _ in some], "\n\n".join(one for _, one, _ in some)
    sets = [_set(id, made) for id, made in _sets([it for _, _, backups in some for it in backups]).items()]
    if sets:
        rows = [(str(one["id"]), f"{one['spread']:.1f} s", " ".join(one["stores"])) for one in sets]
        text += f"\n\nrecovery sets\n{table(rows, ('id', 'within', 'stores'), indent=2)}"
    session.answer({"environment": environment, "stores": data, "sets": sets}, text)


def _listed(one: Arrangement) -> tuple[dict[str, Any], str, tuple[Backup, ...]]:
    """Of a store: for machines, for people, and the backups."""
    from fairlead.operations.backups.points import points_of  # noqa: PLC0415 — start-up is part of the product
    from fairlead.operations.backups.windows import windows  # noqa: PLC0415

    there, to = one.catalogue.look(), one.catalogue.where.shown
    backups = there.backups[::-1]
    had, named = windows(one, backups), points_of(one)
    data = {
        "store": one.store.name, "to": to, "backups": [data_of(it) for it in backups],
        "unreadable": [{"id": it.id, "why": it.error.message} for it in there.bad],
        "moments": [_moment(it) for it in had], "points": [_named(it) for it in named],
    }  # fmt: skip
    text = f"{one.store.name} {dim(to)}\n" + _table(backups, there.bad) + "".join(map(_line, had)) + _points(named)
    return data, text, backups


def _sets(backups: list[Backup]) -> dict[str, list[Backup]]:
    """Those that were made together, the newest first."""
    found: dict[str, list[Backup]] = {}
    for one in backups:
        if one.set:
            found.setdefault(one.set, []).append(one)
    return dict(sorted(found.items(), reverse=True))


def _set(id: str, backups: list[Backup]) -> dict[str, Any]:
    from fairlead.backups.catalogue import spread_of  # noqa: PLC0415 — start-up is part of the product

    return {"id": id, "stores": [one.owner.store for one in backups], "spread": spread_of(backups)}


def _moment(one: Window) -> dict[str, object]:
    return {"base": one.base, "from": one.begin.isoformat(), "to": one.end.isoformat(), "gap": one.gap or None}


def _named(one: Point) -> dict[str, object]:
    return {"name": one.name, "time": one.time.isoformat(), "timeline": one.timeline}


def _points(some: Sequence[Point]) -> str:
    """The newest of them."""
    if not some:
        return ""
    more = f" and {len(some) - SHOWN} older" if len(some) > SHOWN else ""
    return f"\n  restore points: {', '.join(one.name for one in some[:SHOWN])}{dim(more)}"


def _line(one: Window) -> str:
    why = f"; then {one.gap}" if one.gap else ""
    if one.begin == one.end:
        return f"\n  {one.base} to its end alone{yellow(why)}"
    return f"\n  every second from {one.begin:%Y-%m-%d %H:%M:%S} to {one.end:%Y-%m-%d %H:%M:%S} UTC{yellow(why)}"


def _table(backups: tuple[Backup, ...], bad: tuple[BadEntry, ...]) -> str:
    if not backups and not bad:
        return dim("  no backup yet")
    rows = [(one.id, one.shown_kind, size(one.stored), _state(one), _why(one)) for one in backups]
    rows += [(one.id, "", "", red("unreadable"), one.error.message) for one in bad]
    return table(rows, ("id", "kind", "size", "state", "why"), indent=2)


def _why(one: Backup) -> str:
    return f"{one.why}; {yellow(f'pinned: {one.pinned}')}" if one.pinned else one.why


def _state(one: Backup) -> str:
    if one.damaged:
        return red("damaged")
    if one.tried:
        return green(f"restored {one.tried[:10]}")
    return green(f"verified {one.verified[:10]}") if one.verified else yellow("never read")
