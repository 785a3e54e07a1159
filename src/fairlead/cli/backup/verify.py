"""`fairlead backup verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fairlead.cli.backup.common import arranged_stores
from fairlead.cli.session import Session, dim, green, red
from fairlead.cli.text import count
from fairlead.cli.verb import environment, failing, verb
from fairlead.errors import UsageError

if TYPE_CHECKING:
    from fairlead.operations.backups.verify import LogVerified, Verified


@verb("fairlead backup verify production", "fairlead backup verify production db latest", name="verify",
      short="Read backups whole, and say what is wrong.")  # fmt: skip
@environment()
@click.argument("store", metavar="[STORE]", required=False)
@click.argument("which", metavar="[ID|DATE|latest]", required=False)
@click.option("--routine", is_flag=True, help="What the schedule reads each week, and no log.")
def command(session: Session, environment: str, store: str | None, which: str | None, routine: bool) -> None:
    """Read backups of ENV whole: checksums, and with a key of theirs also what is inside. Exit code 1 when one is not
    what was written.

    --routine reads the newest, and what has the place of a week or a month and was not read for 90 days.

    It says that a backup can be read. That it can be restored is shown by `fairlead db drill`.
    """
    from fairlead.operations.backups.arrangement import BY_HAND  # noqa: PLC0415 — start-up matters
    from fairlead.operations.backups.verify import verify, verify_log, verify_routine  # noqa: PLC0415 — start-up matters

    arranged = arranged_stores(session, environment, (store,) if store else ())
    if routine and which:
        raise UsageError("--routine chooses by itself", "leave out which")
    found = [one for it in arranged for one in (verify_routine(it, BY_HAND) if routine else verify(it, which))]
    data = [{"id": one.id, "store": one.store, "ok": not one.wrong, "wrong": list(one.wrong),
             "decrypted": one.decrypted} for one in found]  # fmt: skip
    logs = [] if which or routine else [one for it in arranged for one in verify_log(it)]
    log_data = [{"store": one.store, "system": one.system, "segments": one.segments, "ok": not one.wrong,
                 "wrong": list(one.wrong)} for one in logs]  # fmt: skip
    good = not (any(one.wrong for one in found) or any(one.wrong for one in logs))
    document = {"environment": environment, "ok": good, "backups": data, "logs": log_data}
    session.answer(document, "\n".join([*map(_text, found), *map(_log_text, logs)]))
    failing(good)


def _log_text(one: LogVerified) -> str:
    head = f"the log of {one.store}: {count(one.segments, 'segment')}"
    lines = "".join(f"\n  {it}" for it in one.wrong)
    return f"{red('✗') if one.wrong else green('✓')} {head}{lines}"


def _text(one: Verified) -> str:
    if one.wrong:
        return f"{red('✗')} {one.id}\n" + "\n".join(f"  {it}" for it in one.wrong)
    how = "" if one.decrypted else dim(" checksums only: there is no key here")
    return f"{green('✓')} {one.id}{how}"
