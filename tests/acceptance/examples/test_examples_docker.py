"""The reference systems on Docker, as their READMEs say: one command brings them up, and they stay up.

Each container is restarted, then the engine below all of them; each time everything works again by itself, and what
was in the stores is there.
"""

import os

import pytest
from docker_stack import Stack, asked, fetched, on_an_engine_of_its_own

from fairlead.project.stack_container import is_root

SPARE = os.cpu_count() - 0.25  #: processors, where the file says nothing
PRACTICE = {
    "api": (2.0, 2048, 7), "worker": (1.0, 512, 7), "web": (0.5, 128, 3), "db": (2.0, 2048, 3),
    "cache": (SPARE, 640, 3), "files": (1.0, 1024, 3), "scanner": (2.0, 3072, 3),
}  # fmt: skip
pytestmark = [pytest.mark.real, pytest.mark.long(seconds=150)]


@pytest.fixture
def stack(docker_engine, tmp_path):
    """`stack("lms")`: that example."""
    if os.geteuid() != 0:
        pytest.skip("only root may start an engine")  # CI is root
    return lambda name: Stack(tmp_path, name)


def holds(stack, engine, path, kept):
    """It passes its own smoke suite, whatever of it is restarted; `kept` looks at what it keeps."""
    stack.fairlead("deploy", "development", "--init-secrets")
    stack.fairlead("test", "development")
    before = kept()
    assert stack.problems() == []
    stack.fairlead("drift", "development")  # ends with 1 when something differs

    for name in stack.containers():
        engine("restart", name)
        stack.come_back(path)
    stack.fairlead("test", "development")
    stack.fairlead("drift", "development")
    assert kept() >= before

    engine.restart()
    stack.come_back(path)
    stack.fairlead("drift", "development")
    stack.fairlead("test", "development")
    assert kept() >= before
    assert "problem" not in stack.fairlead("ledger", "verify", "development")


def test_practice(stack):
    """Uploads are scanned, put away and indexed; what was uploaded before stays."""
    practice = stack("practice")
    needed = ["postgres:16", "redis:7.4", "minio/minio:RELEASE.2025-04-22T22-12-26Z", "clamav/clamav:1.4"]

    def kept():
        names = {one["name"] for one in asked("/api/documents")}
        return {name for name in names if fetched(f"/api/documents/{name}")}

    with on_an_engine_of_its_own(practice, needed) as engine:
        holds(practice, engine, "/api/health/ready", kept)
        assert bounds(practice.inspected()) == PRACTICE


def bounds(found):
    """What each really has: processors, MB of memory, log files. All else is as strict as it can be, and the same."""
    told = {}
    for name, one in found.items():
        host, config = one["HostConfig"], one["Config"]
        logs = host["LogConfig"]["Config"]
        assert (logs["max-size"], host["RestartPolicy"]["Name"]) == (str(10 << 20), "unless-stopped"), name
        if name.startswith("edge"):
            continue
        assert (host["ReadonlyRootfs"], host["CapDrop"], host["CapAdd"] or []) == (True, ["ALL"], []), name
        assert (host["SecurityOpt"], host["PidsLimit"], host["Init"]) == (["no-new-privileges:true"], 512, True), name
        assert not host["Privileged"] and not any("docker.sock" in mount["Source"] for mount in one["Mounts"]), name
        assert is_root(config["User"]) == (name == "files"), "MinIO's image says so; without a capability"
        told[name] = (host["NanoCpus"] / 1e9, host["Memory"] >> 20, int(logs["max-file"]))
    return told


def test_lms(stack):
    """The page shows what is in the database; Redis goes on counting where it was."""
    lms = stack("lms")

    def kept():
        said = asked("/api/courses")
        assert [one["title"] for one in said["courses"]] == ["Sailing", "Knots"]
        return said["seen"]

    with on_an_engine_of_its_own(lms, ["postgres:17", "redis:8"]) as engine:
        holds(lms, engine, "/api/health/ready", kept)


def test_alerts(stack):
    """Alerts fire to who listens; who signed up before logs in, and finds theirs."""
    alerts = stack("alerts")
    person, session = {"email": "ann@example.com", "password": os.urandom(8).hex()}, {}

    def kept():
        if not session:
            session.update(asked("/auth/v1/signup", person))
        token = asked("/auth/v1/token?grant_type=password", person)["access_token"]
        asked("/api/alerts", {"recipients": [session["user"]["id"]], "text": "the dam breaks"}, token)
        return {one["id"] for one in asked("/api/alerts", token=token)["alerts"]}

    with on_an_engine_of_its_own(alerts, ["postgres:15", "redis:8"]) as engine:
        holds(alerts, engine, "/rest/v1/alerts", kept)
