"""A database, opened: its connection, files, history, and the picture that both make."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from fairlead.errors import FairleadError, Refused
from fairlead.operations.db.chosen import Database
from fairlead.postgres.connection import connect, driver, first_line
from fairlead.postgres.events import Emit, Event, silent
from fairlead.postgres.files import Files, read_files
from fairlead.postgres.history import History, journal
from fairlead.postgres.lock import acquire
from fairlead.postgres.picture import Picture, Wanted, picture
from fairlead.postgres.version import Version

if TYPE_CHECKING:
    from fairlead.postgres.connection import Connection

WAIT = 60.0  #: seconds that another migrator is waited for


@dataclass(frozen=True)
class Opened:
    """One database."""

    database: Database
    connection: Connection
    history: History
    files: Files

    @property
    def name(self) -> str:
        """As the project calls it."""
        return self.database.name

    def notes(self) -> tuple[tuple[int, int, str, str], ...]:
        """What is kept beside the history."""
        return self.history.notes()

    def look(self, contract: bool = False, target: Version | None = None) -> Picture:
        """How files and history stand to each other, now."""
        notes = self.notes()
        opaque = frozenset(rank for rank, _, _, state in notes if state == "opaque")
        prints = {rank: print_ for rank, number, print_, state in notes if number == 0 and state == "file"}
        wanted = Wanted(self.database.out_of_order, contract, target, opaque, prints)
        return picture(self.files, self.history.rows(), wanted)

    def journal(self) -> dict[int, list[tuple[str, bool]]]:
        """Of files that did not end, the statements that were begun."""
        return journal(self.notes())

    def must_be_adopted(self) -> bool:
        """There is a history, and Fairlead has never worked with it."""
        return self.history.exists() and not self.history.ours_exists()

    def refuse_unadopted(self) -> None:
        """Refused when somebody has to look at a history that Flyway made first."""
        if self.must_be_adopted():
            what = f"{self.name}: the history in {self.database.where.shown} was made by Flyway"
            hint = f"look at it and take it over: fairlead db adopt {self.database.environment} {self.name}"
            raise Refused(what, hint)


@contextlib.contextmanager
def opened(some: Sequence[Database], emit: Emit = silent) -> Iterator[tuple[Opened, ...]]:
    """Connect to all of them and read their files. What the server says becomes a FairleadError with its address."""
    driver()
    import psycopg  # noqa: PLC0415 — an extra

    with contextlib.ExitStack() as stack:
        found = []
        for one in some:
            connection = stack.enter_context(contextlib.closing(connect(one.where, one.settings, _noticed(emit))))
            with spoken(one, psycopg.Error):
                history = History(connection, one.settings)
            found.append(Opened(one, connection, history, read_files(one.folder, _values(one, history), one.secret)))
        yield tuple(found)


def _noticed(emit: Emit) -> Callable[[str], None]:
    return lambda text: emit(Event("note", text))


@contextlib.contextmanager
def spoken(one: Database, kind: type[Exception]) -> Iterator[None]:
    """An error of the driver, in words."""
    try:
        yield
    except kind as error:
        raise FairleadError(
            f"{one.name} ({one.where.shown}): {first_line(error)}", "see what the server says"
        ) from error


@contextlib.contextmanager
def asking(one: Opened) -> Iterator[None]:
    """The same, for one that is open."""
    import psycopg  # noqa: PLC0415 — an extra

    with spoken(one.database, psycopg.Error):
        yield


def locked(one: Opened, wait: float, emit: Emit) -> None:
    """Be the only one who changes it, until the connection ends. Busy, naming the holder, after `wait` seconds."""
    with asking(one):
        acquire(one.connection, one.history.schema, one.history.name, wait, lambda text: emit(Event("wait", text)))


def _values(one: Database, history: History) -> dict[str, str]:
    """Of placeholders: the project's, and those that Flyway has by itself."""
    own = {
        "flyway:defaultSchema": history.schema, "flyway:user": history.user, "flyway:database": one.where.database,
        "flyway:table": history.name, "flyway:environment": one.environment,
        "flyway:timestamp": f"{datetime.now():%Y-%m-%d %H:%M:%S}", "flyway:workingDirectory": str(one.folder.path),
    }  # fmt: skip
    return {**own, **one.placeholders}
