"""The roles of a backup, as statements; names of databases that restores make."""

from contextlib import contextmanager

import pytest

from fairlead.backups.restoring import have_roles, statements
from fairlead.errors import FairleadError
from fairlead.operations.backups.arrangement import LEFT
from fairlead.operations.backups.restore import short

DUMP = r"""--
-- PostgreSQL database cluster dump
--

\restrict Ab1
SET default_transaction_read_only = off;

CREATE ROLE clerk;
ALTER ROLE clerk WITH LOGIN PASSWORD 'a;b''c';
-- User Config "it's"
ALTER ROLE clerk SET "app.note" TO 'first
\! touch /owned
CREATE ROLE thief SUPERUSER;';
ALTER ROLE "we""ird;" SET "app.path" TO E'C:\\''; \\! x';
GRANT keeper TO clerk;
\unrestrict Ab1
-- end"""


def test_a_setting_is_never_a_statement_or_a_command():
    assert list(statements(DUMP)) == [
        "SET default_transaction_read_only = off;",
        "CREATE ROLE clerk;",
        "ALTER ROLE clerk WITH LOGIN PASSWORD 'a;b''c';",
        "ALTER ROLE clerk SET \"app.note\" TO 'first\n\\! touch /owned\nCREATE ROLE thief SUPERUSER;';",
        'ALTER ROLE "we""ird;" SET "app.path" TO E\'C:\\\\\'\'; \\\\! x\';',
        "GRANT keeper TO clerk;",
    ]


@pytest.mark.parametrize("text", ["CREATE ROLE a", "ALTER ROLE a SET b TO 'c;", "CREATE ROLE a \\! x\n;"])
def test_what_pg_dumpall_does_not_write_is_refused(text):
    with pytest.raises(FairleadError, match="not as pg_dumpall"):
        list(statements(text))


def test_nothing_is_no_statement():
    assert list(statements("")) == []


class Recording:
    """A server that has some roles, and keeps what it is told."""

    home = "postgres"

    def __init__(self, *roles):
        self.roles, self.told = [(one,) for one in roles], []

    @contextmanager
    def session(self, _):
        yield self

    def execute(self, statement):
        self.told += [statement] if not statement.startswith("SELECT") else []
        return self

    def fetchall(self):
        return self.roles


@pytest.mark.parametrize(
    ("there", "told"),
    [
        (("clerk", 'we"ird;', "keeper"), []),
        (("clerk", 'we"ird;'), ["CREATE ROLE keeper;", "GRANT keeper TO clerk;"]),
        (("keeper", 'we"ird;'), ["CREATE ROLE clerk;", "GRANT keeper TO clerk;"]),
    ],
)
def test_a_group_that_was_dropped_has_its_members_again(there, told):
    server = Recording(*there)
    have_roles(server, DUMP.replace("CREATE ROLE clerk;", "CREATE ROLE clerk;\nCREATE ROLE keeper;"))
    assert [one for one in server.told if one.startswith(("CREATE", "GRANT"))] == told


def test_only_what_a_restore_made_is_left_out():
    assert LEFT.fullmatch("shop_before_20261126T225131")
    assert LEFT.fullmatch("sh\nop_restored_20261126T225131")
    for own in ("orders_before_2020", "shop_restored_copy", "_before_", "shop_before_20261126T225131_mine"):
        assert not LEFT.fullmatch(own)


@pytest.mark.parametrize("name", ["shop", "x" * 63, "ü" * 31, "a" + "ü" * 31])
def test_names_of_copies_are_never_cut(name):
    assert len(f"{short(name)}_restored_20261126T225131".encode()) <= 63
