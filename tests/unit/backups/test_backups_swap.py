"""Databases that change names, and an answer that is lost on the way."""

from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace

import psycopg
import pytest

from fairlead.backups.restoring import Swap, Unsure, swap
from fairlead.backups.server import Server
from fairlead.errors import FairleadError

ONE = Swap("shop", "shop_restored_1", "shop_before_1")


@dataclass(frozen=True)
class Cut(Server):
    """A server whose connection is cut at COMMIT: before it is done, or after; it answers again then, or not."""

    names: set = field(default_factory=set)
    done: bool = True
    answers: bool = True
    asked: list = field(default_factory=list)

    @contextmanager
    def session(self, database, autocommit=True):
        if self.asked and not self.answers:
            raise FairleadError(f"no connection to {database}: it is away", "see whether it runs")
        try:
            yield SimpleNamespace(info=SimpleNamespace(backend_pid=7), execute=self.execute, commit=self.commit)
        except psycopg.Error as error:
            raise FairleadError(f"{database}: {error}", "see the log of the server") from error

    def execute(self, statement, values=()):
        rows = [(name,) for name in self.names] if "pg_database" in statement else []
        return SimpleNamespace(fetchall=lambda: rows, fetchone=lambda: None)

    def commit(self):
        self.asked.append(1)
        if self.done:
            self.names.symmetric_difference_update({"shop_restored_1", "shop_before_1"})
        raise psycopg.OperationalError("server closed the connection unexpectedly")


def cut(**more):
    return Cut({}, {}, names={"postgres", "shop", "shop_restored_1"}, **more)


def test_what_was_done_though_the_answer_was_lost_is_done():
    server = cut()
    swap(server, [ONE])
    assert server.names == {"postgres", "shop", "shop_before_1"}


def test_what_was_not_done_fails_as_ever():
    with pytest.raises(FairleadError, match="closed the connection") as caught:
        swap(cut(done=False), [ONE])
    assert not isinstance(caught.value, Unsure)


@pytest.mark.parametrize("done", [True, False])
def test_where_nobody_says_it_is_not_known(done):
    with pytest.raises(Unsure, match="nobody knows whether it is there") as caught:
        swap(cut(done=done, answers=False), [ONE])
    assert "shop_before_1" in caught.value.hint
