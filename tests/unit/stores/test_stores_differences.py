"""In what a program that keeps data differs from how it was made."""

import pytest

from fairlead.stores.differences import of_listeners, of_program

WANTED = {"argv": ["/usr/bin/redis-server", "/place/conf/redis.conf"], "user": ["redis", 7, 7], "env": {"A": "1"}}


def found(folder, phase="running", **changed):
    return {one.what: one.found for one in of_program(phase, WANTED, WANTED | changed, ("redis-server",), folder)}


def test_one_as_it_was_made(tmp_path):
    assert found(tmp_path) == {}
    assert found(tmp_path, argv=["/opt/redis-server", WANTED["argv"][1]], env={"A": "1", "PATH": "/elsewhere"}) == {}


@pytest.mark.parametrize(
    ("changed", "what", "said"),
    [
        ({"argv": ["/usr/bin/redis-server"]}, "program", "/usr/bin/redis-server"),
        ({"argv": None}, "program", "none"),
        ({"user": None}, "user", "who Fairlead runs as"),
        ({"env": {"A": "2"}}, "environment", "A not as it was made"),
        ({"phase": "stopped"}, "missing", "stopped"),
    ],
)
def test_what_was_changed_is_named(tmp_path, changed, what, said):
    assert found(tmp_path, **changed) == {what: said}


def test_data_that_is_not_there(tmp_path):
    assert found(tmp_path / "gone") == {"data": "not there"}


def test_where_it_listens():
    assert list(of_listeners(["127.0.0.1", "::1"])) == []
    assert [one.found for one in of_listeners(["127.0.0.1", "::", "192.0.2.7"])] == ["192.0.2.7, ::"]
