"""`fairlead secrets merge`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from fairlead.cli.secrets import VERBS
from fairlead.cli.session import Session, green, red, tell
from fairlead.cli.verb import verb

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@verb("fairlead secrets merge base.yaml ours.yaml theirs.yaml", name="merge", short=VERBS["merge"], file=False)
@click.argument("base", type=FILE)
@click.argument("ours", type=FILE)
@click.argument("theirs", type=FILE)
@click.option("--path", metavar="PATH", help="How messages name the file (default: OURS).")
def command(session: Session, base: Path, ours: Path, theirs: Path, path: str | None) -> None:
    """Merge what THEIRS changed since BASE into OURS, value by value. git calls it as %O %A %B.

    Where both sides changed the same value, ours stays, the name is said, and the exit code is 1, so that git takes the
    file for unmerged. When one of the three cannot be opened, OURS is left as it was.
    """
    from fairlead.operations.secrets.merge import merge_files  # noqa: PLC0415 — start-up is part of the product

    done = merge_files(base, ours, theirs, path or str(ours))
    taken = f": {', '.join(done.taken)}" if done.taken else ""
    text = "" if done.conflicts else f"{green('✓')} {done.path} merged by its values{taken}"
    session.answer({"ok": not done.conflicts, **asdict(done)}, text)
    if done.conflicts:
        names = ", ".join(done.conflicts)
        tell(f"{red('conflict:')} {done.path}: both sides changed {names}; ours stays, all else is merged")
        tell("hint: keep ours with `git add`, or set the other value with `fairlead secrets set` first")
        click.get_current_context().exit(1)
