"""Where an environment may lie, and what its instances may inherit: odd and long paths, ports, a clean environment."""

import os
import socket
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from threading import Thread

import asking
import pytest
from instances import PROGRAMS, end_everything, one, ready, spec
from running import environment_of, eventually

from fairlead.errors import FairleadError
from fairlead.runtimes.process.runtime import ProcessRuntime
from fairlead.supervisor.supervisor import Supervisor
from fairlead.system.home import Place
from fairlead.system.ports import Ports

pytestmark = pytest.mark.real

ODD = {
    "spaces": "a folder with  spaces",
    "percent": "100% of %(here)s",
    "quotes": 'it\'s "quoted"',
    "comment": "notes #1 ;2",
    "backslash": "back\\slash",
    "dollar": "${PORT} $HOME {{env}}",
    "unicode": "größe",
}


@pytest.mark.parametrize("names", [list(ODD), *(pytest.param([one], marks=pytest.mark.long) for one in ODD)])
def test_a_home_may_have_any_name(tmp_path, names):
    """Where all of them at once do, each alone is long."""
    runtime = ProcessRuntime(Place(tmp_path.joinpath(*(ODD[name] for name in names)) / "shop" / "test"))
    runtime.place.create()
    try:
        runtime.up()
        [id] = ready(runtime, spec(cwd=str(runtime.place.root)))
        assert asking.ask(one(runtime, id).port, "/health").status == 200
        assert "listening" in runtime.log_tail(id, 5)
        runtime.stop([id])
        runtime.remove([id])
        assert runtime.observe() == ()
        assert runtime.supervisor.programs() == {}
    finally:
        end_everything(runtime)


@pytest.mark.parametrize("name", ["star*", "what?", "set[ab]"])
def test_a_home_that_supervisord_would_take_for_a_pattern_is_refused(tmp_path, name):
    runtime = ProcessRuntime(Place(tmp_path / name / "shop" / "test"))
    runtime.place.create()
    with pytest.raises(FairleadError, match="wildcards") as error:
        runtime.up()
    assert "FAIRLEAD_HOME" in error.value.hint


def test_a_home_too_deep_for_a_socket(tmp_path):
    deep = tmp_path / ("deep" * 20) / ("down" * 20)
    runtime = ProcessRuntime(Place(deep / "shop" / "test"))
    runtime.place.create()
    try:
        runtime.up()
        assert len(str(runtime.place.supervisor)) > 200
        socket = runtime.place.socket()
        assert socket.exists()
        assert socket.parent.stat().st_mode & 0o077 == 0, "the folder of the socket is private"
        [id] = ready(runtime, spec())
        assert one(runtime, id).phase in ("starting", "running")
    finally:
        end_everything(runtime)


def test_arguments_reach_the_program_as_they_are(runtime):
    odd = ["two  words", "100%", "it's", 'a "b"', "#no ;comment", "back\\slash", "$HOME", "`id`", "größe"]
    argv = (sys.executable, "-S", "-u", str(PROGRAMS / "talker.py"), *odd)
    [id] = ready(runtime, spec("worker", argv=argv, listens=False))
    log = runtime.place.instances / id / "log"
    assert eventually(lambda: log.read_text().splitlines())[0] == f"arguments {odd!r}"


def test_instances_get_nothing_of_the_deployers_environment(place, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2-in-the-deployer")
    monkeypatch.setenv("PYTHONPATH", "/hunter2")
    monkeypatch.setenv("TZ", "Europe/Vienna")
    runtime = ProcessRuntime(place)
    try:
        runtime.up()
        [id] = ready(runtime, spec(env={"GREETING": "hello ${PORT}"}))
        instance = one(runtime, id)
        env = environment_of(instance.pid)
        own = {"INSTANCE": id, "FAIRLEAD_INSTANCE": str(place.instances / id)}
        assert env == {**own, "GREETING": f"hello {instance.port}", "PORT": str(instance.port)}
        daemon = environment_of(runtime.supervisor.process().pid)
        listed = {"PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR"}
        assert set(daemon) <= listed | {"SUPERVISOR_ENABLED", "SUPERVISOR_SERVER_URL"}
        assert daemon["TZ"] == "Europe/Vienna"
        for file in place.root.rglob("*"):
            if file.is_file():
                assert b"hunter2" not in file.read_bytes(), file
    finally:
        end_everything(runtime)


def test_a_spec_with_secrets_is_for_its_owner_alone(runtime):
    [id] = ready(runtime, spec(env={"TOKEN": "hunter2"}))
    folder = runtime.place.instances / id
    assert folder.stat().st_mode & 0o077 == 0
    assert (folder / "spec.json").stat().st_mode & 0o077 == 0
    readable = [
        path for path in runtime.place.supervisor.rglob("*") if path.is_file() and b"hunter2" in path.read_bytes()
    ]
    assert readable == []


def take_many(folder, count, holder):
    """In a process of its own: ports taken, some of them given back."""
    ports = Ports(Path(folder))
    found = []
    for number in range(count):
        found.append(ports.take(f"{holder}-{os.getpid()}-{number}"))
        if number % 3 == 2:
            ports.give(found.pop())
    return found


def test_ports_are_never_given_twice(tmp_path):
    with ProcessPoolExecutor(4) as pool:
        runs = [pool.submit(take_many, tmp_path / "ports", 40, f"holder{n}") for n in range(8)]
        found = [port for run in runs for port in run.result()]
    assert len(found) == len(set(found))
    assert set(Ports(tmp_path / "ports").taken()) == set(found)


def test_two_runtimes_start_at_once_without_sharing_a_port(tmp_path):
    places = [Place(tmp_path / "home" / "shop" / name) for name in ("a", "b")]
    runtimes = [ProcessRuntime(place) for place in places]
    try:
        for runtime in runtimes:
            runtime.place.create()
            runtime.up()

        specs = [spec(index=index) for index in range(1, 6)]
        threads = [Thread(target=runtime.start, args=(specs,)) for runtime in runtimes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        ports = [one.port for runtime in runtimes for one in runtime.observe()]
        assert len(ports) == len(set(ports)) == 10
    finally:
        for runtime in runtimes:
            end_everything(runtime)


def test_a_port_that_was_lost_to_a_stranger_is_replaced_at_the_next_start(runtime):

    [id] = ready(runtime, spec())
    before = one(runtime, id).port
    runtime.stop([id])
    with socket.create_server(("127.0.0.1", before)):
        ready(runtime, spec())
        assert one(runtime, id).port != before
    assert set(runtime.ports.taken()) == {one(runtime, id).port}


def test_a_port_that_was_lost_while_it_rested_is_replaced_when_it_wakes(runtime):
    """The way back wakes instances as they were: a stranger in the place of one must not keep it from coming back."""
    [id] = ready(runtime, spec(env={"OWN": "http://127.0.0.1:${PORT}"}))
    before = one(runtime, id).port
    runtime.stop([id])
    with socket.create_server(("127.0.0.1", before)):
        runtime.restart([id])
        runtime.await_ready([id], lambda _: None)
    woken = one(runtime, id)
    assert woken.port != before and asking.ask(woken.port, "/health").status == 200
    assert environment_of(woken.pid)["OWN"] == f"http://127.0.0.1:{woken.port}"
    assert set(runtime.ports.taken()) == {woken.port}


def test_a_supervisor_of_another_place_is_never_taken_for_ours(place, tmp_path):
    """A pid file that names a living stranger."""
    (place.supervisor / "supervisord.pid").write_text(str(os.getpid()))
    assert Supervisor(place).process() is None
    runtime = ProcessRuntime(place)
    try:
        runtime.up()
        assert runtime.supervisor.process().pid != os.getpid()
    finally:
        end_everything(runtime)
