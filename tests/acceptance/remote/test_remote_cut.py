"""The connection breaks in the middle: the deployment goes on, and `attach` finds it again."""

import os
import signal
from contextlib import contextmanager

import pytest
from cli_site import BROKEN, WHY
from remote_site import await_events
from tests.sshd import children

pytestmark = pytest.mark.real

POINTS = 10


def cut(site, kind, count, kill):
    """Deploy version 2, break the connection at a point of the journal, and attach until it is over."""
    deployer = site.start("deploy", "local")
    await_events(site, "rollout.begun", 1)
    with kill(site, deployer):  # what is said from here on does not get through
        await_events(site, kind, count)
    said = deployer.communicate(timeout=300)[1]
    assert deployer.returncode == 1, said
    assert "the connection to" in said and "is lost" in said
    assert "what was begun there goes on" in said and "fairlead attach local" in said, said
    done = site.run("attach", "local")
    assert done.returncode == 0, done.stderr
    assert "is live after" in done.stdout, (done.stdout, done.stderr)
    kinds = [one["kind"] for one in site.ledger()]
    assert kinds[-1] == "rollout.closed" and kinds.count("rollout.committed") == 1
    assert "rollout.undoing" not in kinds
    assert site.run("ledger", "verify", "local").returncode == 0


@contextmanager
def by_client(site, deployer):
    """The laptop's ssh hangs, and is killed."""
    ssh = children(deployer.pid)
    for pid in ssh:
        os.kill(pid, signal.SIGSTOP)
    yield
    for pid in ssh:
        os.kill(pid, signal.SIGKILL)


@contextmanager
def by_server(site, deployer):
    """The server's side hangs, and its session is killed."""
    serving = site.sshd.serving()
    assert serving
    for pid in serving:
        os.kill(pid, signal.SIGSTOP)
    yield
    site.sshd.cut()
    for pid in serving:
        os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize(
    ("kind", "count", "kill"),
    [
        pytest.param("rollout.begun", 1, by_client, id="early", marks=pytest.mark.long(seconds=15)),
        pytest.param("step.done", 3, by_server, id="late"),
    ],
)
def test_a_cut_connection_does_not_stop_a_deployment(site, kind, count, kill):
    cut(site, kind, count, kill)


@pytest.mark.long
@pytest.mark.parametrize("point", range(POINTS))
def test_a_connection_that_is_cut_at_any_point(site, point):
    kinds = ["rollout.begun"] + [kind for _ in range(7) for kind in ("step.begun", "step.done")]
    place = point * len(kinds) // POINTS
    kind = kinds[place]
    cut(site, kind, kinds[: place + 1].count(kind), (by_client, by_server)[point % 2])


@pytest.mark.long
def test_what_failed_meanwhile_is_told(site):
    site.edit(*BROKEN)
    deployer = site.start("deploy", "local")
    await_events(site, "step.begun", 1)
    site.sshd.cut()
    assert deployer.wait(300) == 1
    deployer.communicate()
    done = site.run("attach", "local")
    assert done.returncode == 1 and WHY in done.stderr, done.stderr
    assert site.run("attach", "local").returncode == 1  # it stays known
