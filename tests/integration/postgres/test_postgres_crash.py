"""A kill at every event of a migration: history and schema agree, and the next command goes on to the same end."""

import os
import signal
import traceback

import pytest
from tests.schedule import rotated

from fairlead.errors import FairleadError, Interrupted
from fairlead.postgres.connection import APPLICATION
from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real

FILES = {
    "V1__whole": "create table a (x int);\ninsert into a values (1)",
    "V2__pieces": "insert into a values (2);\ncreate index concurrently a_x on a (x);\n"
    "insert into a values (3);\nvacuum a",
    "V3__last": "create table b ();\ninsert into a values (4)",
    "R__view": "create or replace view v as select * from a",
}


def in_a_child(work):
    """Do it in a process of its own; 0 when it was done, else what ended it."""
    pid = os.fork()
    if pid == 0:
        code = 0
        try:
            work()
        except FairleadError:
            code = 3
        except BaseException:  # noqa: BLE001 — what is above the call in its stack is the parent's
            traceback.print_exc()
            code = 1
        os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert code in (0, 3, -signal.SIGKILL)
    return code


def at_event(number, act):
    """An ear that acts at that event, counted from 0."""
    heard = []

    def listen(event):
        heard.append(event)
        if len(heard) == number + 1:
            act()

    return listen


OURS = "from pg_stat_activity where application_name like %s and datname = current_database()"


def end_connection(site):
    site.ask(f"select pg_terminate_backend(pid) {OURS}", f"{APPLICATION}%")


def nobody_migrates(site):
    return not site.ask(f"select 1 {OURS}", f"{APPLICATION}%")


def agree(site):
    """What the history says is what there is."""
    tables = site.tables()
    history = site.ask("select to_regclass('public.flyway_schema_history')")[0][0]
    rows = {version: success for _, version, _, _, success in site.rows()} if history else {}
    found = [x for (x,) in site.ask("select x from a order by x")] if "a" in tables else []
    assert ("1" in rows) == ("a" in tables) == (1 in found)
    assert (rows.get("3") is True) == ("b" in tables) == (4 in found)
    assert len(found) == len(set(found))
    if rows.get("2"):
        assert {2, 3} <= set(found)
        assert site.status().invalid == ()
    if "2" not in rows:
        assert not {2, 3} & set(found)


def finished(site):
    assert [x for (x,) in site.ask("select x from v order by x")] == [1, 2, 3, 4]
    assert site.status().invalid == ()
    assert [(row[1], row[4]) for row in site.rows()] == [("1", True), ("2", True), ("3", True), (None, True)]
    assert site.migrate() == []


KILLS = {"the migrator": lambda site: os.kill(os.getpid(), signal.SIGKILL), "its connection": end_connection}


IN_TURN = tuple(int(one) for one in rotated("0123"))
"""Where each kind of kill begins in the ordinary run, of every fourth event: elsewhere for another commit."""


@pytest.mark.parametrize(
    ("what", "first", "step"),
    [
        *((what, IN_TURN[place], 4) for place, what in enumerate(KILLS)),
        *(pytest.param(what, 0, 1, marks=pytest.mark.long) for what in KILLS),
    ],
)
def test_a_kill_at_every_event(site, what, first, step):
    site.write(**FILES)
    number, reached = first, True
    while reached:
        site.ask("drop schema public cascade; create schema public")
        listen = at_event(number, lambda: KILLS[what](site))
        reached = in_a_child(lambda listen=listen: site.migrate(listen)) != 0
        assert wait_until(lambda: nobody_migrates(site), 240)
        agree(site)
        site.migrate(wait=20)
        finished(site)
        number += step
    assert number > 25


@pytest.mark.parametrize("number", [9, *(pytest.param(one, marks=pytest.mark.long) for one in (4, 12, 17))])
def test_a_crash_of_the_server(site, number):
    """It does not shut down, and recovers at its next start."""
    site.write(**FILES)
    crash = at_event(number, lambda: site.server.control("restart", "-m", "immediate"))
    with pytest.raises(FairleadError):
        site.migrate(crash)
    agree(site)
    site.migrate()
    finished(site)


def test_ctrl_c_leaves_what_the_next_command_goes_on_with(site):
    site.write(**FILES)

    def press(event):
        if event.text.startswith("vacuum"):
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match=r"db.shop: interrupted after V1__whole.sql"):
        site.migrate(press)
    agree(site)
    site.migrate()
    finished(site)


def test_a_kill_while_an_index_is_built(site):
    """The server goes on with it for some seconds, with the lock; the next migrator waits, then mends and goes on."""
    site.write(V1__a="create table a (x int); insert into a values (1)")
    site.migrate()
    site.write(V2__index="create index concurrently a_x on a (x)")
    building = "select 1 from pg_stat_activity where query like 'create index conc%%' and wait_event_type = 'Lock'"
    with site.connect() as old:
        old.execute("begin isolation level repeatable read; insert into a values (5)")
        pid = os.fork()
        if pid == 0:
            site.migrate()
            os._exit(0)
        try:
            assert wait_until(lambda: site.ask(building), 240)
        finally:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        assert site.status().holder  # it is still at it
        assert wait_until(lambda: nobody_migrates(site), 240)
        assert site.status().invalid == ("public.a_x on a",)
        old.execute("commit")
    assert site.migrate() == ["V2__index.sql"]
    assert site.status().invalid == ()
