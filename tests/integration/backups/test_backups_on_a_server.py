"""What backups read and make on a real server, without a backup around it."""

import os
import subprocess

import pytest

from fairlead.backups.facts import facts, properties
from fairlead.backups.physical.receiver import SLOT, release
from fairlead.backups.restoring import compared, create, drop
from fairlead.backups.server import Server, one
from fairlead.stores import programs
from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real
SORTED = "SELECT string_agg(word, ' ' ORDER BY word) FROM (VALUES ('a'), ('B'), ('ä'), ('z')) one (word)"


@pytest.fixture(scope="module")
def server(postgres):
    names = ("pg_dump", "pg_dumpall", "pg_restore")
    return Server(
        {"host": str(postgres.folder), "port": str(postgres.port), "user": "postgres"},
        {name: programs.find(name) for name in names},
    )


@pytest.fixture
def german(server):
    """A database that sorts as ICU does, with a word about it."""
    with server.session(server.home) as connection:
        if connection.info.server_version < 150000:
            pytest.skip("before PostgreSQL 15 no database has another provider")
        words = "LOCALE_PROVIDER icu ICU_LOCALE 'de-DE' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8' ENCODING 'UTF8'"
        connection.execute(f"CREATE DATABASE german TEMPLATE template0 {words}")
        connection.execute("COMMENT ON DATABASE german IS 'it''s ours'")
    yield "german"
    for name in ("german", "german_again"):
        drop(server, name)


def test_a_database_comes_back_with_the_rules_that_it_sorts_by(server, german):
    """With those of libc its indexes and the order of every list would be other ones, and nobody would be told."""
    with server.session(german) as connection:
        had, before, order = properties(connection, german), facts(connection), one(connection, SORTED)
    assert order == "a ä B z"
    create(server, "german_again", had)
    assert compared(server, before, "german_again") == []
    with server.session("german_again") as connection:
        assert one(connection, SORTED) == order
        assert properties(connection, "german_again") == had
    drop(server, "german_again")
    create(server, "german_again", had | {"provider": "libc"})
    assert "locale provider: libc, in the backup icu" in compared(server, before, "german_again")


def test_what_a_database_sets_for_its_services_ends_no_backup(server, german):
    """A count of a large table takes longer than any statement of a service may."""
    with server.session(server.home) as connection:
        for key, value in (("statement_timeout", "10ms"), ("default_transaction_read_only", "on")):
            connection.execute(f"ALTER DATABASE german SET {key} = '{value}'")
    with server.session(german, autocommit=False) as connection:
        assert one(connection, "SELECT 1 FROM pg_sleep(0.1)") == 1
        connection.execute("CREATE TABLE written ()")


def test_a_slot_goes_while_somebody_receives_by_it(server, postgres, tmp_path):
    """One that stayed without its limit would keep all of the log, until the disk of the server is full."""
    kept = "SELECT active FROM pg_replication_slots WHERE slot_name = %s"
    with server.session(server.home) as connection:
        connection.execute("SELECT pg_create_physical_replication_slot(%s)", [SLOT])
        connection.execute("ALTER SYSTEM SET max_slot_wal_keep_size = '1GB'")
        argv = [programs.find("pg_receivewal"), "--slot", SLOT, "--directory", tmp_path, "--no-loop", "--no-password"]
        env = os.environ | {"PGHOST": str(postgres.folder), "PGPORT": str(postgres.port), "PGUSER": "postgres"}
        child = subprocess.Popen(argv, env=env, stderr=subprocess.DEVNULL)
        try:
            assert wait_until(lambda: one(connection, kept, SLOT) is True, 60)
            release(connection)
            assert one(connection, kept, SLOT) is None
        finally:
            child.terminate()
            child.wait()
    with server.session(server.home) as connection:
        assert wait_until(lambda: one(connection, "SHOW max_slot_wal_keep_size") == "-1", 60)
