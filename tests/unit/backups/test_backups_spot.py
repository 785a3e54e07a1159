"""A folder that is swapped with another by changes of names, whoever is killed at any of them."""

import contextlib

import pytest

from fairlead.backups.shell import Here
from fairlead.backups.spot import Spot
from fairlead.errors import FairleadError

MV = """#!/bin/sh
one() {
    n=$(($(cat COUNT) - 1))
    echo $n >COUNT
    [ $n -ne 0 ] || { kill -9 $PPID; exit 1; }
}
one
/bin/mv "$@"
one
"""
SYNC = """#!/bin/sh
{ echo "$*"; ls -A DATA; } >>SAID
"""
OLD = {"..odd", "with space"}
NEW = {"with space": "new", ".new": "new"}


@pytest.fixture(params=["inside", "beside"])
def spot(tmp_path, request):
    data = tmp_path / "data"
    data.mkdir()
    side = data / ".fairlead" if request.param == "inside" else tmp_path / "data.fairlead"
    return Spot("", Here(), str(data), str(side))


def filled(spot, tmp_path):
    data = tmp_path / "data"
    for name in OLD:
        (data / name).write_text("old")
    new = spot.fresh("1")
    for name in NEW:
        (tmp_path / new / name).write_text("new")
    return data


def seen(folder):
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}


def require_swapped(spot, tmp_path):
    assert seen(tmp_path / "data") == NEW
    (name,) = spot.aside()
    assert set(seen((tmp_path / spot.side) / name)) == OLD
    spot.drop(name)
    assert spot.aside() == ()


def test_all_of_it_changes_its_place(spot, tmp_path, tools, monkeypatch):
    monkeypatch.setenv("PATH", tools())
    filled(spot, tmp_path)
    spot.swap("1")
    spot.swap("1")
    require_swapped(spot, tmp_path)
    spot.discard()
    assert [path.name for path in (tmp_path / spot.side).iterdir()] == []


def test_whoever_is_killed_at_any_name_is_followed_by_one_that_goes_on(spot, tmp_path, monkeypatch):
    tools = tmp_path / "tools"
    tools.mkdir()
    count = tmp_path / "count"
    (tools / "mv").write_text(MV.replace("COUNT", str(count)))
    (tools / "mv").chmod(0o755)
    for step in range(1, 2 * (len(OLD) + len(NEW)) + 2):
        data = filled(spot, tmp_path)
        count.write_text(str(step))
        with monkeypatch.context() as patched:
            patched.setenv("PATH", f"{tools}:/usr/bin:/bin")
            with contextlib.suppress(FairleadError):
                spot.swap("1")
        assert seen(data) != NEW or step > 2 * (len(OLD) + len(NEW)) - 1
        spot.swap("1")
        require_swapped(spot, tmp_path)
        for name in NEW:
            (data / name).unlink()
    assert int(count.read_text()) > 0, "nobody was killed at the last one"


def test_it_is_on_the_disk_before_and_after_its_names_change(spot, tmp_path, monkeypatch):
    tools, said = tmp_path / "tools", tmp_path / "said"
    tools.mkdir()
    (tools / "sync").write_text(SYNC.replace("DATA", spot.data).replace("SAID", str(said)))
    (tools / "sync").chmod(0o755)
    filled(spot, tmp_path)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    spot.settle("1")
    before = said.read_text().splitlines()
    assert before[0] == f"-f {spot.side}/new-1"
    assert set(OLD) <= set(before)
    spot.swap("1")
    after = said.read_text().splitlines()[len(before) :]
    assert after[0] == f"-f {spot.data}"
    assert set(NEW) <= set(after)
    assert "..odd" not in after
