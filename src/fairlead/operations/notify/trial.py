"""A test message to everybody who is to be told, now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fairlead.errors import FairleadError
from fairlead.operations.notify import log
from fairlead.operations.notify.address import Receiver, receivers, wanted
from fairlead.operations.notify.message import Message, probe
from fairlead.operations.notify.send import send
from fairlead.project.stack import Stack
from fairlead.system import clock
from fairlead.system.home import Place

LIMIT = 30.0  #: seconds for each


@dataclass(frozen=True, slots=True)
class Told:
    """What came of one."""

    to: str
    secret: str
    sent: bool
    error: str = ""
    hint: str = ""


def trial(stack: Stack, place: Place, environ: Mapping[str, str] | None = None) -> tuple[Told, ...]:
    """One message each, to the addresses that are set now, else to those of the last deployment. Nothing is retried."""
    kept = {one.id: one for one in receivers(place)} if place.exists() else {}
    message = probe(stack.project, stack.environment, clock.stamp())
    return tuple(_try(_either(one, kept.get(one.id)), message, place) for one in wanted(stack.notify, environ))


def _either(now: Receiver, before: Receiver | None) -> Receiver:
    return before if now.address is None and before is not None else now


def _try(receiver: Receiver, message: Message, place: Place) -> Told:
    error: FairleadError | None = None
    try:
        send(receiver, message, LIMIT)
    except FairleadError as caught:
        error = caught
    if place.exists():
        text = error.message if error else ""
        told = (message.key, message.title)
        log.append(place, log.line(receiver.name, "test", told, "failed" if error else "sent", 1, text))
    if error:
        return Told(receiver.to, receiver.secret, False, error.message, error.hint or "")
    return Told(receiver.to, receiver.secret, True)
