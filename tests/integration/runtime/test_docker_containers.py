"""What only containers have: limits, rights, networks, names that somebody else may have, secrets from outside."""

import json
import os
import signal
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from instances import QUICK, one, ready
from running import eventually

from fairlead.artifacts.release import Release
from fairlead.engine.direct import DirectEngine
from fairlead.engine.failures import EngineError
from fairlead.engine.networks import ensure_named
from fairlead.errors import FairleadError
from fairlead.project.stack import Container, Health, Job, Resources, Security, Service, ServiceSecret, Stack
from fairlead.render.container import ContainerSpec
from fairlead.rollout.specs import Machine, job_spec, service_specs
from fairlead.runtimes.base import NotReady
from fairlead.runtimes.docker.logs import container_logs
from fairlead.runtimes.docker.reason import out_of_memory
from fairlead.runtimes.docker.runtime import phase_of
from fairlead.runtimes.docker.spec import name_of
from fairlead.secrets.delivery import Handful, deliver
from fairlead.system import http

pytestmark = pytest.mark.real


def told(docker, id, *argv):
    """What a command says in the container."""
    return docker.runtime.engine.run(name_of(docker.runtime.owner, id), argv, seconds=20)


def test_memory_that_is_not_there_is_named_as_the_reason(docker):
    code = "held = [bytearray(1 << 20) for _ in range(500)]"
    limits = Container(resources=Resources(memory=48 << 20))
    docker.runtime.start([docker.code("web", code, container=limits)])
    with pytest.raises(NotReady, match=r"out of memory: its limit is 48M \(resources.memory\)"):
        docker.runtime.await_ready(["r1.web.1"], lambda _: None)
    unmarked = replace(docker.facts("r1.web.1"), out_of_memory=False)
    assert out_of_memory(docker.runtime.engine, unmarked), "the engine heard of it after the end, and has no mark"


EATS = """\
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        held = [bytearray(1 << 20) for _ in range(500)] if self.path == "/eat" else []
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("0.0.0.0", int(os.environ["PORT"])), Handler).serve_forever()
"""


def test_why_it_ended_is_known_when_it_runs_again(docker):
    """The engine starts it again at once, and then shows nothing of the end any more."""
    limits = Container(resources=Resources(memory=48 << 20))
    [id] = ready(docker.runtime, docker.code("web", EATS, container=limits, listens=True))
    assert docker.runtime.last_end(id) == ""
    host, port = docker.address(id)
    http.get(port, "/eat", 60, host=host)
    eventually(lambda: docker.facts(id).restarts and docker.facts(id).running)
    assert docker.runtime.last_end(id) == "out of memory: its limit is 48M (resources.memory)"
    assert docker.runtime.last_end("r9.none.1") == ""


def test_who_was_killed_did_not_lack_memory_and_can_be_had_again(docker):
    [id] = ready(docker.runtime, docker.spec())
    os.kill(docker.facts(id).pid, signal.SIGKILL)  # the engine starts it again
    eventually(lambda: docker.facts(id).restarts or docker.facts(id).exit_code)
    assert not out_of_memory(docker.runtime.engine, docker.facts(id))
    eventually(lambda: docker.facts(id).running)
    docker.runtime.engine.signal(docker.facts(id).id, "SIGKILL")  # it does not
    eventually(lambda: one(docker.runtime, id).phase == "stopped")
    docker.runtime.restart([id])
    docker.runtime.await_ready([id], lambda _: None)
    assert one(docker.runtime, id).starts == 3
    ended_unnoticed(docker, id)


def ended_unnoticed(docker, id):
    """The keeper looks when the process is gone; what it is told then must not be that all is well."""
    facts, folder = docker.facts(id), docker.runtime._folder(id)
    assert phase_of(facts, folder) == "running"
    docker.runtime.stop([id])
    assert phase_of(facts, folder) == "backoff", "what the engine said a moment before"


def test_by_default_it_may_do_next_to_nothing(docker, monkeypatch):
    [id] = ready(docker.runtime, docker.spec())
    status = told(docker, id, "cat", "/proc/self/status").output
    assert "CapEff:\t0000000000000000" in status and "NoNewPrivs:\t1" in status
    assert told(docker, id, "id", "-u").output.strip() == "10001"
    assert "Read-only file system" in told(docker, id, "touch", "/app/x").output
    assert told(docker, id, "touch", "/tmp/x", "/run/x").code == 0
    host = docker.facts(id).raw["HostConfig"]
    assert (host["PidsLimit"], host["RestartPolicy"]["Name"], host["Init"]) == (512, "unless-stopped", True)
    machine = docker.runtime.engine.facts().raw
    assert machine["MemTotal"] * 0.79 < host["Memory"] < machine["MemTotal"] * 0.81
    assert host["MemorySwap"] in (-1, host["Memory"] * 2), "the engine's own; -1 where the kernel counts none"
    assert host["NanoCpus"] == machine["NCPU"] * 10**9 - 250_000_000
    assert docker.runtime.deviations([docker.spec()]) == ()
    assert host["LogConfig"]["Config"] == {"max-size": str(10 << 20), "max-file": "3"}
    assert not [mount for mount in docker.facts(id).raw["Mounts"] if "sock" in mount["Source"]]
    looked_at(docker, id, monkeypatch)
    forgotten(docker, id)


def looked_at(docker, id, monkeypatch):
    """A look asks for the list and for each of ours: users wait for looks while a rollback goes on, so none is asked
    twice, and other containers are not asked. Connections are counted where /proc is closed too."""
    with monkeypatch.context() as patch:
        asked, sure = [], DirectEngine._sure
        patch.setattr(DirectEngine, "_sure", lambda self, url: asked.append(url) or sure(self, url))
        assert len(docker.runtime.observe()) == 1
        assert [url.count("/containers/") for url in asked] == [1, 1]
    if os.geteuid() == 0:  # only root may be refused nothing
        closed = "fairlead.system.sockets.connections_inside"
        monkeypatch.setattr(closed, lambda pid: (_ for _ in ()).throw(OSError()))
        eventually(lambda: docker.runtime.open_connections([id]) == 0)


def forgotten(docker, id):
    """A container whose folder is lost is still seen and ended."""
    docker.runtime._folder(id).remove()
    assert [(one.id, one.release, one.living) for one in docker.runtime.observe()] == [(id, "r1", True)]
    docker.runtime.stop([id])
    docker.runtime.remove([id])
    assert docker.runtime.observe() == () and docker.left() == []


def test_each_part_of_it_can_be_given_and_volumes_outlive_everything(docker):
    rights = Security(read_only=False, cap_drop=(), cap_add=("NET_ADMIN",), root=True)
    free = Container(security=rights, user="0", resources=Resources(0, 0), volumes=("data:/data",))
    [id] = ready(docker.runtime, docker.spec(container=free))
    assert told(docker, id, "id", "-u").output.strip() == "0"
    assert told(docker, id, "touch", "/app/x", "/data/here").code == 0
    assert "CapEff:\t0000000000000000" not in told(docker, id, "cat", "/proc/self/status").output
    host = docker.facts(id).raw["HostConfig"]
    assert (host["Memory"], host["NanoCpus"]) == (0, 0)
    docker.runtime.down(10)
    docker.runtime.up()
    docker.runtime.restart([id])
    docker.runtime.await_ready([id], lambda _: None)
    assert told(docker, id, "ls", "/data").output == "here\n"


def test_a_container_of_somebody_else_on_our_name_is_left_alone(docker):
    engine, name = docker.runtime.engine, name_of(docker.runtime.owner, "r1.web.1")
    id = engine.create(ContainerSpec(name=name, image=docker.image))
    try:
        with pytest.raises(EngineError, match="is there and is not Fairlead's"):
            docker.runtime.start([docker.spec()])
        docker.runtime.stop(["r1.web.1"])
        docker.runtime.remove(["r1.web.1"])
        assert engine.container(name).id == id
        assert docker.runtime.observe() == ()
    finally:
        engine.remove(id)


def test_one_whose_maker_was_killed_before_it_was_in_all_its_networks_is_made_again(docker):
    """Its first network comes with it, the others are joined one by one; it would run, and reach no database."""
    spec = docker.spec(container=Container(networks=("backend", "database")))
    engine, making = docker.runtime.engine, docker.runtime._making
    ensure_named(engine, docker.runtime.owner, ("backend", "database"))
    making._folder(spec.id).store(spec)
    making._have_seat(spec)
    wanted = making.wanted(spec)
    labels = {**wanted.labels, "dev.fairlead.spec": wanted.fingerprint}
    engine.create(replace(wanted, networks=wanted.networks[:1], labels=labels))
    [id] = ready(docker.runtime, spec)
    assert docker.facts(id).addresses.keys() == {one.network for one in wanted.networks}


def test_what_runs_as_something_else_is_not_replaced_behind_its_back(docker):
    """Who knows names as an earlier version gave them is let be, and starts again as it was: that one had every name in
    every network, and wrote down the names alone."""
    both = Container(networks=("frontend", "backend"))
    older = replace(docker.spec(container=both), asks={"api": ("frontend", "backend")})
    [id] = ready(docker.runtime, older)
    before, stored = docker.facts(id), docker.runtime.place.instances / id / "spec.json"
    said = json.loads(stored.read_text())
    said["names"] = list(said.pop("asks"))
    stored.write_text(json.dumps(said))
    docker.runtime.start([replace(older, asks={"api": ("backend",)})])
    with pytest.raises(EngineError, match=r"r1\.web\.1 runs, and not as it should"):
        docker.runtime.start([docker.spec(env={"MORE": "1"})])
    docker.runtime.stop([id])
    docker.runtime.restart([id])
    again = docker.facts(id)
    assert (again.id, again.running, again.last_start == before.last_start) == (before.id, True, False)
    docker.runtime.stop([id])
    ready(docker.runtime, docker.spec(env={"MORE": "1"}))
    assert docker.facts(id).id != before.id


def test_who_is_sealed_off_is_asked_by_a_command(docker):
    sealed = Container(networks=("database",))
    hidden = docker.spec(container=sealed, health=replace(QUICK, deadline=2))
    docker.runtime.start([hidden])
    with pytest.raises(NotReady, match=r"name a health\.command"):
        docker.runtime.await_ready([hidden.id], lambda _: None)
    probe = "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['PORT'])"
    asked = Health(command=f'python3 -c "{probe}"', interval=0.1, successes=2, timeout=5)
    ready(docker.runtime, docker.spec("api", container=sealed, health=asked))
    assert one(docker.runtime, "r1.api.1").verified


def test_a_command_that_fails_or_hangs_is_told(docker):
    failing = Health(command="sh -c 'echo no queue; exit 3'", interval=0.5, deadline=1.5)
    docker.runtime.start([docker.spec("worker", program="talker.py", health=failing)])
    with pytest.raises(NotReady, match="sh ended with 3: no queue"):
        docker.runtime.await_ready(["r1.worker.1"], lambda _: None)
    hanging = Health(command="sleep 60", timeout=0.3, deadline=1)
    docker.runtime.start([docker.spec("other", program="talker.py", health=hanging)])
    with pytest.raises(NotReady, match=r"sleep: no end within 0\.3 s"):
        docker.runtime.await_ready(["r1.other.1"], lambda _: None)


def test_a_port_of_its_own_loopback_address_is_named(docker):
    docker.runtime.start([docker.spec(env={"BIND": "127.0.0.1"}, health=replace(QUICK, deadline=1))])
    eventually(docker.runtime.listening)
    with pytest.raises(NotReady, match=r"port 8000 of 127.0.0.1, which is its own alone: have it listen on 0.0.0.0"):
        docker.runtime.await_ready(["r1.web.1"], lambda _: None)


def test_what_somebody_made_of_a_container_does_not_stand_for_it(docker):
    """`docker commit` and `docker run`: an image has the labels of the container that it is of."""
    [id] = ready(docker.runtime, docker.spec())
    engine, facts = docker.runtime.engine, docker.facts(id)
    for name, id in (("z", facts.labels["dev.fairlead.id"]), ("y", "")):
        labels = {**facts.labels, "dev.fairlead.id": id}
        engine.create(ContainerSpec(name=f"{name}-{facts.name}", image=docker.image, labels=labels))
    [one] = docker.runtime.observe()
    assert one.living and one.verified and docker.facts(one.id).name == facts.name


def test_a_volume_without_a_name_is_of_a_service_and_of_the_jobs_that_are_like_it(docker):
    kept = Service("web", container=Container(volumes=("/data",)))
    stack = Stack("shop", "test", "docker", (kept,), (Job("seed", "run", like="web"),))
    release, machine = Release.of(stack, {}, {}), Machine({}, "python3", {}, containers=True)
    (web,) = service_specs(release, [f"{release.id}.web.1"], machine)
    specs = (web, job_spec(release, "seed", machine), replace(web, service="api"))
    mounts = [docker.runtime._making.wanted(replace(one, image=docker.image)).mounts for one in specs]
    sources = [[one.source for one in found if one.target == "/data"] for found in mounts]
    name = docker.runtime.owner.name
    assert sources == [[name("web.data")], [name("web.data")], [name("api.data")]]


@pytest.mark.parametrize("labels", [{}, {"dev.fairlead.project": "another"}])
def test_a_volume_of_somebody_else_on_our_name_is_not_mounted(docker, labels):
    engine, name = docker.runtime.engine, docker.runtime.owner.name("data")
    engine.create_volume(name, labels)
    try:
        with pytest.raises(EngineError, match=f"volume {name} is there and is not Fairlead's"):
            docker.runtime.start([docker.spec(container=Container(volumes=("data:/data",)))])
        assert docker.runtime.observe()[0].living is False
    finally:
        engine.remove_volume(name)


SECRETS = Stack(
    "shop", "test", "docker", (Service("web", secrets=(ServiceSecret("KEY"), ServiceSecret("TOKEN", "env"))),)
)


def handed(docker, key="first"):
    files = {"KEY": key.encode(), "TOKEN": b"canary-token"}
    deliver(docker.runtime.place.secrets, "r1", SECRETS, Handful(files, b"k" * 32))
    return {"TOKEN": str(docker.runtime.place.secrets / "r1" / "web" / "current" / "TOKEN")}


def test_its_secrets_are_read_by_its_user_alone_and_what_compose_has_for_it_is_there(docker):
    """A rotated secret is seen by what runs; the engine asks by a request where the file says so."""
    compose = {"shm_size": "7m", "extra_hosts": {"far.example.com": "192.0.2.7"}, "ulimits": {"nofile": 321}}
    spec = docker.spec(secret_env=handed(docker), health=replace(QUICK, ready="/", engine="http"))
    [id] = ready(docker.runtime, replace(spec, container=replace(spec.container, compose=compose)))
    assert told(docker, id, "cat", "/run/secrets/KEY").output == "first"
    assert told(docker, id, "printenv", "TOKEN").output == "canary-token\n"
    assert "Read-only" in told(docker, id, "touch", "/run/secrets/x").output
    place = docker.runtime.place
    assert place.secrets.stat().st_mode & 0o077 == 0
    assert (place.secrets / "r1").stat().st_mode & 0o077 == 0
    assert "canary" not in repr(place.instances) + (place.instances / id / "spec.json").read_text()
    handed(docker, "second")
    assert told(docker, id, "cat", "/run/secrets/KEY", "/run/secrets/current/KEY").output == "secondsecond"
    assert "7168" in told(docker, id, "df", "-k", "/dev/shm").output
    assert "192.0.2.7" in told(docker, id, "getent", "hosts", "far.example.com").output
    assert told(docker, id, "sh", "-c", "ulimit -n").output.strip() == "321"
    eventually(lambda: docker.facts(id).health == "healthy", every=0.5)


def test_what_it_says_of_its_secrets_is_masked(docker):
    env = handed(docker, "canary-in-a-file")
    code = "import os; print(open('/run/secrets/KEY').read(), os.environ['TOKEN']); raise SystemExit(1)"
    with pytest.raises(FairleadError) as error:
        docker.runtime.run_job(docker.code("web", code, job=True, listens=False, secret_env=env), 30)
    assert "******** ********" in str(error.value) and "canary" not in str(error.value)


def test_its_log_is_followed_line_by_line_and_shown_since_a_time(docker):
    [id] = ready(docker.runtime, docker.spec("worker", program="talker.py", env={"PAUSE": "0.05"}))
    log = container_logs(docker.runtime.place)[id]
    followed(log, log.last(2))
    log = container_logs(docker.runtime.place)[id]  # for another reader
    stamped = log.engine.stamped_log(log.name)
    moment = stamped[5][0][:26]  # to the microsecond, as far as Python knows a time
    wanted = [text for time, text in stamped if time[:26] >= moment]
    seen = log.all_since(datetime.fromisoformat(moment + "+00:00"))
    assert seen[: len(wanted)] == wanted
    followed(log, seen, len(seen) + 10)
    assert log.all_since(datetime.now(UTC) + timedelta(hours=1)) == []


def followed(log, seen, enough=20):
    """From there on no line comes twice, and none is missing."""
    eventually(lambda: seen.extend(log.news()) or len(seen) > enough)
    numbers = [int(line.split()[1]) for line in seen if line.startswith("line ")]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), "none twice, none missing"
