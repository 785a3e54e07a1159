"""What the container of a server is handed so that pgBackRest takes its log."""

from dataclasses import replace

import pytest

from fairlead.backups.engines.pgbackrest.config import INSIDE, REPOSITORY
from fairlead.errors import Refused
from fairlead.operations.backups.archiving import volumes_of
from fairlead.project.stack import Stack, Store
from fairlead.project.stack_backup import Backup, Physical
from fairlead.render.stores.ground import Ground
from fairlead.render.stores.postgres import settings

STORE = Store("db", "postgres", backup=Backup("${WHERE}", None, Physical("weekly", engine="pgbackrest")))
STACK = Stack("shop", "local", "docker", stores=(STORE,), variables={"WHERE": "/srv/backups"})


def test_a_folder_for_what_it_reads_and_the_repository(monkeypatch):
    monkeypatch.setenv("FAIRLEAD_HOME", "/home")
    reads, repository = volumes_of(STACK, STORE)
    assert reads == f"/home/shop/local/stores/db/pgbackrest:{INSIDE}"
    assert repository == f"/srv/backups/shop/local/db/repository:{REPOSITORY}"


def test_nothing_where_it_is_no_container_or_its_log_is_received():
    assert volumes_of(replace(STACK, runtime="process"), STORE) == ()
    assert volumes_of(STACK, replace(STORE, backup=Backup("/x", None, Physical("weekly")))) == ()


def test_no_place_that_it_does_not_reach():
    with pytest.raises(Refused, match="in a container pgBackRest keeps to a folder"):
        volumes_of(replace(STACK, variables={"WHERE": "s3://bucket"}), STORE)


def test_what_is_rendered_archives_nothing():
    """Nobody would say what to hand it to, and the server would keep its log until the disk is full."""
    ground = Ground("/data", "/conf", 5432, "/socket", "/socket", contained=True)
    assert ("archive_mode", "on") in settings(STORE, ground)
    assert ("archive_mode", "on") not in settings(STORE, replace(ground, secrets="/run/secrets"))
