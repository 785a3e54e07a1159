"""A deployment to containers over SSH: images, registry and engine are the host's, commands are given here."""

import urllib.request

import pytest
from remote_site import await_events
from tests.registries import registry, unique

pytestmark = [pytest.mark.real, pytest.mark.long(seconds=40)]

FILE = """\
name: {name}
registry: {registry}/acme
services:
  web:
    build: {{context: app}}
    command: uvicorn asgi:app --host 0.0.0.0 --port ${{PORT}}
    port: 8000
    health: {{ready: /health, interval: 100ms, deadline: 90s}}
    routes: ["/"]
    stop: {{drain: 1s, grace: 5s}}
  work:
    image: "{registry}/acme/{name}-work:1"
    command: sh -c "echo said by work; exec sleep 9999"
    stop: {{grace: 1s}}
rollout: {{watch: off}}
environments:
  local: {{runtime: docker, host: '{host}', edge: {{http: {port}, address: 127.0.0.1}}}}
"""


@pytest.fixture
def contained(site, need, docker_engine, tmp_path):
    """A project of an image to build and one that a registry has, both on the host."""
    need("docker-registry")
    site.name = unique("shop")
    with registry(tmp_path / "registry") as address:
        work = f"{address}/acme/{site.name}-work:1"
        for words in (("tag", "fairlead-test/tiny", work), ("push", work), ("rmi", work)):
            docker_engine(*words)
        text = FILE.format(name=site.name, registry=address, host=site.address, port=site.port)
        (site.folder / "fairlead.yaml").write_text(text)
        version(site, 1)
        yield site
        site.run("stop", "local", "--yes")
        docker_engine.remove(site.name)
        assert docker_engine.left_of(site.name) == []


def version(site, number, delay=0):
    """`delay`: seconds until it is ready."""
    text = f"FROM fairlead-test/app\nENV VERSION={number} START_DELAY={delay}\n"
    (site.folder / "app" / "Dockerfile").write_text(text)


def answer(site):
    with urllib.request.urlopen(f"http://127.0.0.1:{site.port}/", timeout=120) as got:
        return got.read().decode()


def test_a_deployment_and_all_that_is_done_with_it(contained, docker_engine):
    site = contained
    done = site.run("deploy", "local")
    assert done.returncode == 0, done.stderr
    assert "version 1" in answer(site)
    status = site.json("status", "local")["environments"][0]
    assert status["problems"] == [] and {one["service"] for one in status["instances"]} == {"web", "work"}, status
    names = docker_engine.lines("ps", "--format", "{{.Names}}", "--filter", f"label=dev.fairlead.project={site.name}")
    assert any(name.startswith(f"{site.name}-local-web-") for name in names), names

    logs = site.run("logs", "local", "web", "work", "--since", "1h")
    assert "said by work" in logs.stdout and "Uvicorn running" in logs.stdout, (logs.stdout, logs.stderr)
    done = site.run("exec", "local", "web", "--", "printenv", "VERSION")
    assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr
    done = site.call("shell", "local", "web", stdin=b"echo at $(id -u)\nexit 7\n")
    assert (done.returncode, done.stdout) == (7, b"at 10001\n"), done
    (pushed,) = site.lines("push", "local")[-1]["images"]
    assert pushed["digest"].startswith("sha256:")

    version(site, 2, delay=25)  # so that it is not over before the connection is cut
    deployer = site.start("deploy", "local")
    await_events(site, "rollout.begun", 2, project=site.name)
    site.sshd.cut()  # while containers start
    said = deployer.communicate(timeout=300)[1]
    assert deployer.returncode == 1 and "fairlead attach local" in said, said
    done = site.run("attach", "local")
    assert done.returncode == 0 and "is live after" in done.stdout, (done.stdout, done.stderr)
    assert "version 2" in answer(site)

    done = site.run("rollback", "local")
    assert done.returncode == 0, done.stderr
    assert "version 1" in answer(site)
    assert site.run("drift", "local").returncode == 0
    assert site.run("ledger", "verify", "local").returncode == 0
