"""`fairlead backup prune`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fairlead.cli.backup.common import arranged_stores, size, stores
from fairlead.cli.session import Session, dim, green, red, yellow
from fairlead.cli.text import count, table
from fairlead.cli.verb import environment, verb, yes_option

if TYPE_CHECKING:
    from fairlead.backups.catalogue import Backup
    from fairlead.backups.retention import Decision
    from fairlead.operations.backups.prune import Pruning


@verb("fairlead backup prune production --plan", "fairlead backup prune production", name="prune",
      short="Remove backups that are no longer kept.")  # fmt: skip
@environment()
@stores
@click.option("--plan", "only_plan", is_flag=True, help="Show what would go and why the others stay; do nothing.")
@click.option("--old-data", "--old-databases", is_flag=True, help="Remove what restores put aside, too.")
@click.option("--careful", is_flag=True, help="What a `keep` that is smaller than it was lets go stays, for now.")
@yes_option
def command(
    session: Session, environment: str, stores: tuple[str, ...], only_plan: bool, old_data: bool, careful: bool,
    yes: bool,
) -> None:  # fmt: skip
    """Remove backups of ENV that no tier of `keep` wants. The last good one stays in any case.

    The schedule is --careful: where `keep` is smaller than it was, it goes on as before until you have pruned once.

    Every backup has its reason, to stay or to go.
    """
    from fairlead.operations.backups.asides import drop_left, left  # noqa: PLC0415
    from fairlead.operations.backups.prune import decided, prune  # noqa: PLC0415 — start-up is part of the product

    arranged = arranged_stores(session, environment, stores)
    found = [decided(one, careful) for one in arranged]
    aside = [left(one) if old_data else () for one in arranged]
    text = "\n".join(_text(one, it) for one, it in zip(found, aside, strict=True))
    if not only_plan:
        if any(one.leaving or any(log.leaving for log in one.logs) for one in found) or any(aside):
            session.confirm(f"{text}\nremove them?", yes)
        found = [prune(one, careful=careful, shown=it) for one, it in zip(arranged, found, strict=True)]
        aside = [drop_left(one, it) if it else () for one, it in zip(arranged, aside, strict=True)]
        text = "\n".join(_done(one, it) for one, it in zip(found, aside, strict=True))
    data = [_data(one, it) for one, it in zip(found, aside, strict=True)]
    session.answer({"environment": environment, "done": not only_plan, "stores": data}, text)


def _data(one: Pruning, aside: tuple[str, ...]) -> dict[str, object]:
    rows = [{"id": backup.id, "keep": it.keep, "reasons": list(it.reasons)} for backup, it in one.decisions]
    logs = [{"system": log.system, "kept": log.kept, "removed": len(log.leaving), "reason": log.reason}
            for log in one.logs]  # fmt: skip
    bad = [{"id": it.id, "why": it.error.message} for it in one.bad]
    return {"store": one.store, "backups": rows, "databases": list(aside), "logs": logs, "unreadable": bad}


def _text(one: Pruning, aside: tuple[str, ...]) -> str:
    rows = [_row(backup, it) for backup, it in one.decisions]
    rows += [(yellow("goes"), name, _kind(name), "", dim("put aside by a restore")) for name in aside]
    for log in one.logs:
        gone, bytes = len(log.leaving), sum(it.stored for it in log.leaving)
        rows += [(yellow("goes"), count(gone, "segment"), "log", size(bytes), dim("older than that"))] if gone else []
        rows += [(green("stays"), count(log.kept, "segment"), "log", "", dim(log.reason))] if log.kept else []
    rows += [(green("stays"), it.id, "", "", red("its entry is damaged")) for it in one.bad]
    return f"{one.store}\n" + (table(rows, indent=2) or dim("  no backup yet"))


def _row(backup: Backup, it: Decision) -> tuple[str, ...]:
    mark = green("stays") if it.keep else yellow("goes")
    return mark, backup.id, backup.shown_kind, size(backup.stored), dim(", ".join(it.reasons))


def _done(one: Pruning, aside: tuple[str, ...]) -> str:
    what = f"{count(len(one.leaving), 'backup')} removed, {len(one.decisions) - len(one.leaving)} kept"
    return f"{green('✓')} {one.store}: {what}" + (f"; {count(len(aside), _kind(aside[0]))} dropped" if aside else "")


def _kind(name: str) -> str:
    """Of what a restore put aside."""
    return "folder" if "/" in name else "database"
