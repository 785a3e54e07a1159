"""The backup before a migration: one for each schema, and not one for each try. What a job leaves is ended."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from fairlead.errors import Busy
from fairlead.ledger import Ledger
from fairlead.rollout.journal import Journal
from fairlead.rollout.migrating import ENOUGH, Migrating
from fairlead.rollout.steps import Step
from fairlead.system import clock


@pytest.fixture
def migrating(tmp_path):
    """Its databases note what they are asked for."""
    dumps = []

    def snapshot(release, store, label, dump):
        dumps.append(dump)
        return {"notes": []} | ({"backup": f"b{len(dumps)}"} if dump else {})

    with Ledger.open(tmp_path / "ledger.db") as ledger:
        databases = SimpleNamespace(snapshot=snapshot)
        releases = SimpleNamespace(load=lambda _: None)
        world = SimpleNamespace(databases=databases, releases=releases, say=lambda *_: None)
        one = Migrating(world, Journal(ledger, 1))
        one.dumps, one.append = dumps, ledger.append
        yield one


STEP = Step("snapshot", "r1", service="db", dump=True)


def backups(migrating):
    return [entry.data["backup"] for entry in migrating.journal.ledger.entries(kinds=["schema.snapshot"])]


def test_the_next_try_has_the_backup_of_the_one_before(migrating):
    for _ in range(3):
        migrating.snapshot(STEP)
    assert (migrating.dumps, backups(migrating)) == ([True, False, False], ["b1"] * 3)


@pytest.mark.parametrize("kind", ["schema.applied", "schema.undone", "schema.moved", "schema.kept"])
def test_another_schema_has_another_backup(migrating, kind):
    migrating.snapshot(STEP)
    migrating.append(kind, {"database": "other.shop"}, 1)
    migrating.snapshot(STEP)
    migrating.append(kind, {"database": "db.shop"}, 1)
    migrating.snapshot(STEP)
    assert (migrating.dumps, backups(migrating)) == ([True, False, True], ["b1", "b1", "b3"])


def test_after_a_while_there_is_another_one_however_often_somebody_tries(migrating, monkeypatch):
    true = clock.now
    for part in (0, 0.4, 0.8, 1.2):
        monkeypatch.setattr(clock, "now", lambda part=part: true() + ENOUGH * part)
        migrating.snapshot(STEP)
    assert migrating.dumps == [True, False, False, True]


@pytest.mark.parametrize("busy", [False, True])
def test_what_a_killed_job_left_in_the_database_is_ended(migrating, busy):
    done = []

    @contextmanager
    def locked(release, database):
        done.append(f"sessions of {database}")
        if busy:
            raise Busy("somebody else migrates")
        yield lambda: True

    runtime = SimpleNamespace(stop=lambda ids: done.append("stop"), remove=lambda ids: done.append("remove"))
    migrating.world.databases.locked, migrating.world.runtime = locked, runtime
    migrating.take_back(Step("migrate", "r1", service="db.shop", job="db-shop-migrator"))
    assert done == ["stop", "remove", "sessions of db.shop"]
    assert migrating.kept == ["db.shop keeps what job db-shop-migrator did, which only its tool could undo"]
