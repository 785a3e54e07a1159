"""The sample applications do what the tests of Fairlead rely on, the misbehaviour first of all."""

import signal
import subprocess
import sys
import time
import urllib.request

import pytest
from app_servers import APPS, get

ALL = ["uvicorn", "gunicorn-sync", "node", "lean"]
OURS = ["uvicorn", "lean"]  # those that misbehave


@pytest.mark.parametrize("name", ALL)
def test_endpoints(start, name):
    url = start(name, VERSION="9").wait_ready().url
    for path, status, body in [
        ("/", 200, b"version 9\n"),
        ("/health", 200, b"ok\n"),
        ("/fail", 500, b"failed as asked\n"),
        ("/nothing", 404, b"no such page\n"),
        ("/slow?seconds=0.1", 200, b"slept 0.1 s\n"),
    ]:
        got, headers, text = get(url + path)
        assert (got, text, headers["X-App"], headers["X-Version"]) == (status, body, "yes", "9"), path
    _, headers, text = get(url + "/stream?seconds=0.5")
    assert headers["Transfer-Encoding"] == "chunked"
    assert text.startswith(b"tick\n")
    assert text.endswith(b"tick\nend\n")


@pytest.mark.parametrize("name", [*ALL, "gunicorn-gthread"])
def test_sigterm_finishes_what_is_open(start, name):
    """They are good citizens unless told otherwise: the open request is answered, then they end with 0."""
    server = start(name).wait_ready()
    with urllib.request.urlopen(server.url + "/stream?seconds=1", timeout=30) as answer:
        assert answer.readline() == b"tick\n"
        server.signal(signal.SIGTERM)
        assert answer.read().endswith(b"tick\nend\n")
    # uvicorn raises the signal again once it has finished
    assert server.process.wait(120) in (0, -signal.SIGTERM)


@pytest.mark.parametrize("name", OURS)
def test_ignores_sigterm(start, name):
    server = start(name, IGNORE_SIGTERM="1").wait_ready()
    server.signal(signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        server.process.wait(1)
    assert get(server.url + "/")[0] == 200


def test_starts_late(start):
    begun = time.monotonic()
    server = start("uvicorn", START_DELAY="1.5")
    with pytest.raises(OSError):
        get(server.url + "/health")
    server.wait_ready()
    assert time.monotonic() - begun >= 1.5


def test_fails_after_some_requests_and_stays_healthy(start):
    url = start("uvicorn", FAIL_AFTER="3").wait_ready().url
    assert [get(url + "/")[0] for _ in range(5)] == [200, 200, 200, 500, 500]
    assert get(url + "/")[1]["X-App"] == "yes"
    assert get(url + "/health")[0] == 200


def test_fails_after_some_time_and_stays_healthy(start):
    url = start("uvicorn", FAIL_AFTER="1s").wait_ready().url
    end = time.monotonic() + 120
    while get(url + "/")[0] == 200:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert get(url + "/")[0] == 500
    assert get(url + "/health")[0] == 200


@pytest.mark.parametrize("name", OURS)
def test_fails_now_and_then_and_while_it_is_told_to(start, name, tmp_path):
    bad, down = tmp_path / "bad", tmp_path / "down"
    url = start(name, FAIL_SHARE="3", FAIL_WHILE=str(bad), UPSTREAM_DOWN=str(down)).wait_ready().url
    assert [get(url + "/")[0] for _ in range(6)] == [200, 200, 500, 200, 200, 500]
    bad.touch()
    assert (get(url + "/")[0], get(url + "/health")[0]) == (500, 200)
    bad.unlink()
    down.touch()
    assert (get(url + "/")[0], get(url + "/health")[0]) == (503, 200)


@pytest.mark.parametrize("name", OURS)
def test_dies_after_it_was_healthy(start, name):
    server = start(name, DIE_AFTER_HEALTHY="0.3")
    server.wait_ready()
    assert server.process.wait(120) == 3


def test_worker_writes_its_heartbeat_and_ends_at_sigterm(tmp_path):
    log = tmp_path / "worker.log"
    process = subprocess.Popen([sys.executable, APPS / "worker.py"], env={"WORKER_LOG": str(log), "VERSION": "5"})
    try:
        end = time.monotonic() + 120
        while not log.exists() or log.read_text().count("\n") < 3:
            assert time.monotonic() < end
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0
    finally:
        process.kill()
    lines = [line.split() for line in log.read_text().splitlines()]
    assert {(version, pid) for _, version, pid in lines} == {("5", str(process.pid))}
    times = [float(at) for at, _, _ in lines]
    assert times == sorted(times)
    assert time.time() - 60 < times[0]
