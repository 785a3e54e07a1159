"""What people say to a rollout: approve, abort, promote, pause, resume. All are said and shown in the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fairlead.cli.session import Session, green
from fairlead.cli.verb import environment, message_option, no_wait_option, verb, wait_option

if TYPE_CHECKING:
    from fairlead.operations.orders import Saying, Told
    from fairlead.rollout.orders import Word

DOING: dict[Word, str] = {
    "approve": "going on", "abort": "taking it back", "promote": "promoting", "pause": "pausing", "resume": "going on",
}  # fmt: skip


def telling(word: Word, explained: str, *examples: str) -> click.Command:
    """The command that says `word`. `explained` is its help."""

    def command(session: Session, environment: str, message: str, wait: float, no_wait: bool = False) -> None:
        from fairlead.operations.orders import Saying  # noqa: PLC0415 — start-up is part of the product

        tell(session, environment, word, Saying(message, wait, no_wait))

    command.__doc__ = explained
    goes_on = word in ("approve", "resume")
    function = no_wait_option(command) if goes_on else command
    return verb(*examples, name=word, stream=True)(environment()(message_option(wait_option(function))))


def tell(session: Session, environment: str, word: Word, how: Saying) -> None:
    """Say it, and show what came of it. Errors and exit codes as those of `deploy` when it is gone on with here."""
    from fairlead.cli.outcome import show_result, shown  # noqa: PLC0415
    from fairlead.operations import orders  # noqa: PLC0415
    from fairlead.operations.releases import live_runtime  # noqa: PLC0415

    place = session.place(environment)
    title = f"{DOING[word]} in {environment}"
    told = shown(session, title, place, lambda: live_runtime(place), lambda emit: orders.tell(place, word, how, emit))
    if told.result:
        show_result(session, told.result)
        return
    data = {"kind": "result", "ok": True, "order": word, "rollout": told.rollout, "release": told.release,
            "carrier": told.carrier or None}  # fmt: skip
    session.answer(data, _what_came_of_it(told, environment))


def _what_came_of_it(told: Told, environment: str) -> str:
    what = f"rollout {told.rollout} to {told.release}"
    if told.carrier:
        return f"{green('✓')} told {told.carrier}: {told.word} {what}"
    return f"{green('✓')} {what} was taken back: {environment} is as it was before"
