"""Where the engine is asked without its client."""

import pytest

from fairlead.engine.direct import DirectEngine


@pytest.mark.parametrize(
    ("host", "path"),
    [(None, "/var/run/docker.sock"), ("", "/var/run/docker.sock"), ("unix:///run/other", "/run/other")],
)
def test_over_a_socket_of_this_machine(monkeypatch, host, path):
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    if host is not None:
        monkeypatch.setenv("DOCKER_HOST", host)
    assert DirectEngine.here().path == path


@pytest.mark.parametrize("host", ["tcp://127.0.0.1:2375", "ssh://shop.example.com"])
def test_and_nowhere_else(monkeypatch, host):
    monkeypatch.setenv("DOCKER_HOST", host)
    assert DirectEngine.here() is None


def test_nobody_there_is_an_error_of_the_system(tmp_path):
    with pytest.raises(OSError):
        DirectEngine(str(tmp_path / "none")).inspect("one")
