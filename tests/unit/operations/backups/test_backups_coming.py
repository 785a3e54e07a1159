"""Roles that come back with a restore, and go again with one that came to nothing."""

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from fairlead.backups.restoring import Swap, Unsure
from fairlead.backups.server import Server
from fairlead.operations.backups import coming

SQL = "CREATE ROLE leaver;\nALTER ROLE leaver WITH LOGIN PASSWORD 'x';\nCREATE ROLE stays;\n"
SWAPS = [Swap("shop", "shop_restored_1", "shop_before_1")]
MADE = re.compile(r"(CREATE ROLE|DROP ROLE IF EXISTS|DROP DATABASE IF EXISTS) \"?(\w+)")


@dataclass(frozen=True)
class Roles(Server):
    """A server that has roles and databases. `killed`: at which statement somebody presses Ctrl-C."""

    roles: set = field(default_factory=lambda: {"postgres", "stays"})
    databases: set = field(default_factory=lambda: {"shop"})
    killed: str = "nothing"

    @contextmanager
    def session(self, database, autocommit=True):
        yield SimpleNamespace(execute=self.execute)

    def execute(self, statement):
        if self.killed in statement:
            raise KeyboardInterrupt
        if found := MADE.match(statement):
            kept = self.databases if "DATABASE" in found[1] else self.roles
            (kept.add if found[1].startswith("CREATE") else kept.discard)(found[2])
        rows = self.databases if "pg_database" in statement else self.roles
        return SimpleNamespace(fetchall=lambda meant="": [(one,) for one in rows])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "backups" / "db.coming.json"


def come(path, server, error=None, promised=False):
    with coming.roles(path, server, SQL, SWAPS, lambda: promised) as back:
        assert back == ("leaver",)
        if error:
            raise error


def test_they_stay_with_what_is_restored(path):
    server = Roles({}, {})
    come(path, server)
    assert "leaver" in server.roles and not path.exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError()])
def test_they_go_with_what_fails(path, error):
    server = Roles({}, {})
    with pytest.raises(type(error)):
        come(path, server, error)
    assert server.roles == {"postgres", "stays"} and not path.exists()


def test_half_of_them_go_too(path):
    server = Roles({}, {}, killed="WITH LOGIN")
    with pytest.raises(KeyboardInterrupt):
        come(path, server)
    assert server.roles == {"postgres", "stays"}


@pytest.mark.parametrize(("error", "promised"), [(Unsure("no answer"), False), (KeyboardInterrupt(), True)])
def test_they_stay_where_somebody_goes_on_and_the_next_one_looks(path, error, promised):
    server = Roles({}, {})
    with pytest.raises(type(error)):
        come(path, server, error, promised)
    assert "leaver" in server.roles
    server.databases.add("shop_before_1")  # it has its place
    coming.settle(path, server)
    assert "leaver" in server.roles and not path.exists()


def test_who_was_killed_is_followed_by_one_who_has_them_gone(path):
    server = Roles({}, {}, databases={"shop", "shop_restored_1"})
    context = coming.roles(path, server, SQL, SWAPS, lambda: False)
    context.__enter__()  # and no more of it
    coming.settle(path, server)
    assert (server.roles, server.databases) == ({"postgres", "stays"}, {"shop"})
    assert not path.exists()
    coming.settle(path, server)
    context.gen.close()
