"""Brings one receiver what it has not had yet, one message after the other, until there is nothing left to bring.

Runs in a process of its own for each receiver, so that one that is slow or dead keeps none of the others waiting.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from fairlead.errors import FairleadError, Temporary
from fairlead.ledger import Ledger
from fairlead.operations.notify import bookmark, log
from fairlead.operations.notify.address import Receiver, receivers
from fairlead.operations.notify.bookmark import Bookmark
from fairlead.operations.notify.message import Message, digest
from fairlead.operations.notify.outbox import Letter, letters
from fairlead.operations.notify.send import send
from fairlead.system.home import Place

AGAIN = "perhaps for the second time: the keeper died while it was sending this"


@dataclass(frozen=True, slots=True)
class Pace:
    """How hard it tries, and how much it asks of a receiver. Seconds."""

    limit: float = 30.0  #: of one attempt
    tries: int = 5
    pause: float = 15.0  #: after the first failure; three times as long after each other: 10 minutes in all
    gap: float = 2.0  #: between two messages
    many: int = 10  #: messages …
    within: float = 600.0  #: … in so long, and what follows is gathered
    gather: float = 60.0  #: between two messages then


class Gone(Exception):
    """The receiver is no longer one."""


class Carrier:
    """For one receiver. May be killed at any point, and begun again."""

    def __init__(self, place: Place, receiver: str, pace: Pace, sleep: Callable[[float], None] = time.sleep) -> None:
        self.place = place
        self.receiver = receiver
        self.pace = pace
        self.sleep = sleep

    def carry(self) -> None:
        """All there is. FairleadError when the state cannot be read or written."""
        with Ledger.open(self.place.ledger) as ledger:
            while self._next(ledger):
                pass

    def _next(self, ledger: Ledger) -> bool:
        """Bring the next message; whether there was one."""
        try:
            head = ledger.head().size
            mark = self._mark(head)
            if not self._waiting(ledger, mark):
                bookmark.save(self.place, self.receiver, Bookmark(head, sent=mark.sent))
                return False
            self.sleep(self._rest(mark))
            batch = self._batch(self._waiting(ledger, mark), mark)
            if batch:
                self._deliver(batch, mark)
        except Gone:
            return False
        return bool(batch)

    def _mark(self, head: int) -> Bookmark:
        return bookmark.load(self.place, self.receiver, self._now().since, head)

    def _now(self) -> Receiver:
        """As it was deployed last: an address that was mended is used at the next try."""
        found = next((one for one in receivers(self.place) if one.id == self.receiver), None)
        if found is None:
            raise Gone
        return found

    def _waiting(self, ledger: Ledger, mark: Bookmark) -> list[Letter]:
        return list(letters(self.place, ledger, mark.after, self._now().on))

    def _rest(self, mark: Bookmark) -> float:
        """Seconds until the next message may leave."""
        ages = mark.lately(self.pace.within)
        gap = self.pace.gather if len(ages) >= self.pace.many else self.pace.gap
        return max(0.0, gap - min(ages)) if ages else 0.0

    def _batch(self, waiting: list[Letter], mark: Bookmark) -> list[Letter]:
        """What the next message tells: one thing, or all there is when it is much, or there were many messages lately.

        One that was under way when the keeper died is the same again.
        """
        same = [letter for letter in waiting if letter.number <= (mark.through or 0)]
        many = max(len(waiting) - 1, len(mark.lately(self.pace.within))) >= self.pace.many
        return same or (waiting if many else waiting[:1])

    def _deliver(self, batch: list[Letter], mark: Bookmark) -> None:
        from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential  # noqa: PLC0415

        message, through = digest([letter.message for letter in batch]), batch[-1].number
        if mark.open:
            message = replace(message, lines=(*message.lines, AGAIN))
        attempt = _Attempt(self, message, mark.trying(through))
        retrying = Retrying(
            stop=stop_after_attempt(max(1, self.pace.tries - attempt.mark.tries)),
            wait=wait_exponential(multiplier=self.pace.pause, exp_base=3),
            retry=retry_if_exception_type(Temporary), sleep=self.sleep, reraise=True,
        )  # fmt: skip
        try:
            retrying(attempt)
        except FairleadError as error:
            self._log(message, "given up", attempt.mark.tries, error.message)
        bookmark.save(self.place, self.receiver, attempt.mark.done(through, self.pace.many))

    def _log(self, message: Message, result: str, tries: int, error: str = "") -> None:
        to = self._now()
        event = message.event(to.on) or message.events[0]
        log.append(self.place, log.line(to.name, event, (message.key, message.title), result, tries, error))


class _Attempt:
    """One message, tried several times."""

    def __init__(self, carrier: Carrier, message: Message, mark: Bookmark) -> None:
        self.carrier = carrier
        self.message = message
        self.mark = mark

    def __call__(self) -> None:
        carrier = self.carrier
        self.mark = replace(self.mark, open=True)
        bookmark.save(carrier.place, carrier.receiver, self.mark)
        try:
            send(carrier._now(), self.message, carrier.pace.limit)
        except FairleadError as error:
            self.mark = self.mark.failed()
            bookmark.save(carrier.place, carrier.receiver, self.mark)
            if isinstance(error, Temporary):
                carrier._log(self.message, "failed", self.mark.tries, error.message)
            raise
        carrier._log(self.message, "sent", self.mark.tries + 1)
