"""What of a server speaks against a migration just now, on a real one."""

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from postgres_site import Site
from tests.postgres_server import run, server

from fairlead.backups.server import at_url
from fairlead.demo.sandbox import free_port
from fairlead.errors import Refused
from fairlead.masking import Secret
from fairlead.operations.backups.migrating import await_migrations
from fairlead.operations.db.opened import opened
from fairlead.operations.schema import preflight as operation
from fairlead.postgres.lock import OURS
from fairlead.postgres.preflight import dumps, preflight
from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real


@pytest.fixture
def full(site: Site):
    """With a table, and another session."""
    site.ask("create table big (n int); insert into big select generate_series(1, 1000)")
    with psycopg.connect(site.url) as other:
        yield site, other


def found(site, free=None):
    with opened([site.database]) as (one,):
        return preflight(one.connection, one.look().pending, free)


def test_nothing_speaks_against_it_as_a_rule(full):
    site, _ = full
    site.write(V1__a="create index on big (n)")
    assert found(site, 1 << 40) == ()


def test_a_disk_that_does_not_hold_a_table_twice_stops_it(full):
    site, _ = full
    site.write(V1__a="create table small (x int); insert into big values (1)")
    assert found(site, 10) == ()
    site.write(V1__a="alter table big alter column n type bigint")
    (one,) = found(site, 10)
    assert one.stops and "big may be written anew, which takes up to" in one.text
    assert "-- fairlead: allow disk-room, WHY" in one.hint
    site.write(V1__a="-- fairlead: allow disk-room, the new type is read as the old\nalter table big alter n type oid")
    assert found(site, 10) == ()


def test_old_transactions_and_invalid_indexes_are_said(full, monkeypatch):
    site, other = full
    monkeypatch.setattr("fairlead.postgres.preflight.OLD", 0.0)
    other.execute("select 1")
    (one,) = found(site)
    assert "has a transaction open for" in one.text and not one.stops
    other.rollback()
    site.ask("insert into big values (1), (1)")
    with pytest.raises(psycopg.Error), psycopg.connect(site.url, autocommit=True) as alone:
        alone.execute("create unique index concurrently twice on big (n)")
    (one,) = found(site)
    assert one.text == "the index public.twice on big is INVALID"


def test_what_is_concurrent_waits_for_a_dump_and_does_not_begin_beside_it(full, monkeypatch):
    site, other = full
    other.execute("set application_name = 'pg_dump'")
    other.commit()
    other.execute("set transaction isolation level repeatable read")
    other.execute("select count(*) from big, pg_sleep(1.1)")
    site.write(V1__a="create index concurrently i on big (n)")
    with opened([site.database]) as (one,):
        assert dumps(one.connection) == (f"pid {other.info.backend_pid} (pg_dump)",)
        with pytest.raises(Refused, match=r"\(pg_dump\) reads all of it, and what runs CONCURRENTLY waits"):
            operation._await_dumps("db.shop", one.connection, 0.0)
        other.rollback()
        operation._await_dumps("db.shop", one.connection, 0.0)


def test_a_dump_waits_for_who_migrates_and_not_for_ever(full):
    """What runs CONCURRENTLY would wait for it, and whoever looked before it began does not see it."""
    site, other = full
    said = []
    with at_url(Secret(site.url), {}, site.name) as server:
        await_migrations(server, [site.name], said.append, 0.0)
        other.execute("select pg_advisory_lock(%s)", [OURS])
        await_migrations(server, ["another"], said.append, 0.0)
        assert said == []
        await_migrations(server, [site.name], said.append, 0.0)
        assert said.pop(0) == f"waiting for the migration of {site.name}"
        assert "it still runs after 0 s; what it does CONCURRENTLY waits for the end" in said.pop()

        def tell(text):
            said.append(text)
            other.execute("select pg_advisory_unlock(%s)", [OURS])

        await_migrations(server, [site.name], tell, 3600.0)
        assert said == [f"waiting for the migration of {site.name}"]


def test_the_room_of_a_container_is_what_df_says_in_it():
    said = "Filesystem     1024-blocks     Used Available Capacity Mounted on\n"
    assert operation.available(f"{said}overlay          102687672 40194864  57230536      42% /var/lib/a b\n") is None
    assert (
        operation.available(f"{said}/dev/sda1        102687672 40194864  57230536      42% /data\n") == 57230536 << 10
    )
    assert operation.available("df: /data: No such file or directory\n") is None
    assert operation.available("") is None


@contextmanager
def replica(primary):
    """A server that follows, and has read what it was sent; its own connection."""
    folder, port = Path(tempfile.mkdtemp(prefix="fl-replica-")), free_port()
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    data, where = folder / "data", ("-h", str(primary.folder), "-p", str(primary.port), "-U", "postgres")
    try:
        run(primary.bin / "pg_basebackup", "-D", str(data), *where, "-R", "-X", "stream", "-c", "fast", "--no-sync")
        options = f"-c port={port} -c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        run(primary.bin / "pg_ctl", "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            with psycopg.connect(host=str(folder), port=port, user="postgres", autocommit=True) as follower:
                yield follower
        finally:
            run(primary.bin / "pg_ctl", "-D", str(data), "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.usefixtures("postgres")
def test_a_replica_that_is_behind_is_said(tmp_path, monkeypatch):
    """Its replay is paused: the lag is the time since what it has not replayed."""
    with server() as alone, replica(alone) as follower:
        site = Site(alone, alone.new(), tmp_path / "db")
        caught_up = "select replay_lsn = pg_current_wal_lsn() from pg_stat_replication"
        assert wait_until(lambda: site.ask(caught_up) == [(True,)], 60)
        assert found(site) == ()
        monkeypatch.setattr("fairlead.postgres.preflight.OLD", 0.001)
        follower.execute("select pg_wal_replay_pause()")
        site.ask("create table later ()")
        said = []  # a server that is asked again may have no measure of it at that moment
        assert wait_until(lambda: said.extend(one for one in found(site) if "replica" in one.text) or said, 90, 0.2)
        (one,) = said
        assert one.text.startswith('the replica "walreceiver" is ') and not one.stops


@pytest.mark.usefixtures("postgres")
def test_what_is_prepared_and_a_log_that_is_not_archived_are_said(tmp_path):
    with server(more=("max_prepared_transactions=1", "archive_mode=on", "archive_command=false")) as alone:
        site = Site(alone, alone.new(), tmp_path / "db")
        site.ask("create table held (n int)")
        with site.connect() as other:
            for statement in ("begin", "insert into held values (1)", "prepare transaction 'left'"):
                other.execute(statement)
        site.ask("select pg_switch_wal()")
        failed = "select last_failed_wal from pg_stat_archiver where last_failed_wal is not null"
        assert wait_until(lambda: site.ask(failed), 60)
        prepared, log = found(site)
        assert prepared.text.startswith("the transaction left is prepared since ") and not prepared.stops
        ((segment,),) = site.ask(failed)
        assert log.text.startswith(f"the log is not archived: {segment} failed last") and not log.stops
        site.ask("rollback prepared 'left'")
        assert [one.text for one in found(site)] == [log.text]
