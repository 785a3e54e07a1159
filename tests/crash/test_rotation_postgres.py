"""The password of a service in a PostgreSQL is changed, for real, in a container and behind a pooler, under writes."""

import json

import pytest

from fairlead.masking import Secret
from fairlead.project.database_roles import phrase_of
from tests.crash.test_every_point import chosen

pytestmark = pytest.mark.long(seconds=30)


@pytest.fixture(scope="module")
def arena(docker_engine):
    from tests.crash.password_arena import PasswordArena  # noqa: PLC0415 — only where there is Docker

    arena = PasswordArena()
    try:
        arena.deployed()
        yield arena
    finally:
        arena.close()


@pytest.fixture
def writers(arena):
    from tests.crash.password_arena import Writers  # noqa: PLC0415 — as above

    with Writers(arena) as writers:
        yield writers
    writers.check()


def rotate(arena, point=""):
    from tests.crash.password_arena import SECRET  # noqa: PLC0415 — as above

    return arena.run("rotate", SECRET, *([point] if point else []))


def test_nobody_is_refused_and_the_old_role_rests_once_no_session_of_it_is_left(arena, writers):
    """Somebody stays logged in with the old password: until then both roles log in."""
    from tests.crash.password_arena import SECRET, Sessions  # noqa: PLC0415 — as above

    before, old = arena.kept(), arena.role
    held = arena.session(old, phrase_of(before))
    with Sessions(arena) as sessions:
        rotating = arena.begin("rotate", SECRET)
        assert any(line.startswith(f"{SECRET} waiting") and "drain" in line for line in rotating.stdout)
        assert arena.open() == ["shop_web_a", "shop_web_b"]
        held.close()
        points = rotating.stdout.read().splitlines()
        assert rotating.wait() == 0
    rotating.stdout.close()
    assert any("done" in point and "refuse" in point for point in points)
    assert sessions.cut == [] and sessions.looks > 5
    assert arena.closed().data["notes"] == []
    assert arena.kept().reveal() != before.reveal() and arena.role != old
    arena.agree()
    assert {old, arena.role} == writers.roles
    both = json.dumps(["shop_web_a", "shop_web_b"])
    assert both in sessions.seen <= {json.dumps([old]), both, json.dumps([arena.role])}


def test_a_role_that_services_cannot_come_in_as_is_taken_back(arena, writers):
    before, role = arena.kept(), arena.role
    other = {"shop_web_a": "shop_web_b", "shop_web_b": "shop_web_a"}[role]
    with arena.kept_out(other):
        code, _, said = rotate(arena)
        assert code == 1 and "undone: " in said, said
    assert arena.kept().reveal() == before.reveal()
    arena.agree()
    assert writers.roles == {role}


def test_a_role_that_may_not_connect_is_found_before_services_are_told(arena, writers):
    role = arena.role
    other = {"shop_web_a": "shop_web_b", "shop_web_b": "shop_web_a"}[role]
    arena.ask(f"REVOKE shop_web FROM {other}")
    try:
        code, points, said = rotate(arena)
    finally:
        arena.ask(f"GRANT shop_web TO {other}")
    assert code == 1 and "undone: " in said, said
    assert not any("publish" in point for point in points)
    arena.agree()
    assert arena.role == role and writers.roles == {role}


@pytest.mark.parametrize(
    "everything",
    [pytest.param(False, id="a sample"), pytest.param(True, id="all", marks=pytest.mark.long(sampled=False))],
)
def test_a_kill_while_rotating_refuses_nobody(arena, writers, everything):
    code, points, said = rotate(arena)
    assert code == 0, said
    assert len(points) == len(set(points)) > 20
    for number, point in enumerate(chosen(points, everything)):
        before = arena.kept()
        code, passed, said = rotate(arena, point)
        assert code == -9 and passed[-1] == point, (point, said)
        if number % 2:
            code, _, said = arena.run("recover")
            assert code == 0, said
        arena.agree()
        assert_undone_or_done(arena, before, point)


def assert_undone_or_done(arena, before: Secret, point):
    """What was not published yet goes back, and what was goes on."""
    step = point.rpartition(" ")[2].partition(":")[0]
    if step.isdigit() and int(step) != PUBLISH and "/" not in point:
        assert (arena.kept().reveal() == before.reveal()) == (int(step) < PUBLISH), point


PUBLISH = 4  #: the step from which on services use the new one


def test_the_room_for_a_migration_is_that_of_the_container(arena, docker_engine):
    from fairlead.operations.db.chosen import chosen as databases  # noqa: PLC0415 — brings psycopg
    from fairlead.operations.db.opened import opened  # noqa: PLC0415
    from fairlead.operations.schema.preflight import _privileged, available  # noqa: PLC0415
    from fairlead.project.loader import load_project  # noqa: PLC0415

    project = load_project(arena.root / "fairlead.yaml")
    stack = project.stack("local")
    with (
        opened(databases(stack, project.root)) as (seen,),
        _privileged(stack, project.root, seen) as (connection, free),
    ):
        (folder,) = connection.execute("SHOW data_directory").fetchone()
    said = docker_engine("exec", f"{arena.name}-local-db", "df", "-Pk", folder).stdout
    assert free is not None and abs(free - available(said)) < 4 << 30, "others write there too"


def test_behind_a_pooler_a_schema_moves_and_a_password_changes_and_no_write_fails(need):
    """Migrations, which need a session, go by the server itself; services come in by the pooler all the time."""
    from tests.crash.password_arena import PooledArena, Writers  # noqa: PLC0415 — brings psycopg
    from tests.pooler import pooler, program  # noqa: PLC0415
    from tests.postgres_server import server  # noqa: PLC0415

    need("initdb")
    with (
        server(rules=("host shop shop_web_a,shop_web_b all scram-sha-256",)) as one,
        pooler(need(program()), one) as it,
    ):
        with one.connect() as connection:
            connection.execute("CREATE DATABASE shop")
        arena = PooledArena(one, it)
        try:
            arena.deployed()
            with Writers(arena) as writers:
                old = arena.role
                (arena.root / "db" / "shop" / "V2__index.sql").write_text("create index concurrently i on rows (id);")
                arena.deployed()
                code, _, said = rotate(arena)
                assert code == 0, said
                arena.agree()
            writers.check()
            assert {old, arena.role} == writers.roles
            assert arena.ask("SELECT indisvalid FROM pg_index WHERE indexrelid = 'i'::regclass") == [(True,)]
        finally:
            arena.close()
