"""What supervisord says of its programs in few words is what it says in many; one without these is asked as well."""

import contextlib

import pytest

from fairlead.errors import FairleadError
from fairlead.render import supervisord
from fairlead.render.supervisord import Program
from fairlead.supervisor import supervisor as module
from fairlead.supervisor.client import Rpc
from fairlead.supervisor.supervisor import ProgramState, Supervisor
from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real
PROGRAMS = (
    Program("runs", ("/bin/sleep", "600"), restart=False),
    Program("ended", ("/bin/sh", "-c", "exit 3"), restart=False, start_seconds=0),
    Program("fails", ("/bin/false",), restart=False, start_seconds=60),
    Program("waits", ("/bin/true",)),
)
SETTLED = {"runs": "RUNNING", "ended": "EXITED", "fails": "FATAL", "waits": "STOPPED"}


@pytest.fixture
def asked(place):
    """A supervisord with a program in each state that lasts."""
    one = Supervisor(place)
    one.start()
    try:
        one.add(PROGRAMS)
        for name in SETTLED.keys() - {"waits"}:
            with contextlib.suppress(
                FairleadError
            ):  # one that has ended before it is answered was not started, it says
                one.begin([name])
        assert wait_until(lambda: {name: said.state for name, said in one.programs().items()} == SETTLED, 60)
        yield one
    finally:
        one.shutdown(30)


def in_many_words(place):
    rows = Rpc(place.socket()).call("getAllProcessInfo")
    words = ("name", "statename", "pid", "exitstatus", "spawnerr")
    return {row["name"]: ProgramState(*(row[word] for word in words)) for row in rows}


def test_both_say_the_same(asked, place):
    said = asked.programs()
    assert said == in_many_words(place)
    assert said["runs"].pid > 0 and said["ended"].exit_code == 3 and "too quickly" in said["fails"].why


@pytest.fixture
def older(monkeypatch):
    """It is started as a Fairlead starts it that does not know of this."""
    monkeypatch.setattr(module.supervisord, "main_file", lambda socket, root, asked: main_file(socket, root))


main_file = supervisord.main_file


def test_one_that_was_started_by_an_older_fairlead_is_asked_as_well(older, asked, place):
    assert "rpcinterface:fairlead" not in (asked.folder / "supervisord.conf").read_text()
    assert asked.programs() == in_many_words(place)


def test_nobody_that_answers_has_no_programs(place):
    assert Supervisor(place).programs() == {}
