"""Which of the long tests run: none, all, or a sample that follows from the commit; and what begins first."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter

import pytest
from repository import ROOT
from tests import schedule

FILE = """
import pytest

def test_short(): ...

@pytest.mark.long
@pytest.mark.parametrize("n", range(20))
def test_long(n): ...

@pytest.mark.long(sampled=False)
def test_very_long(): ...
"""


@pytest.fixture
def suite(tmp_path):
    """A small suite with our conftest, in a repository with one commit."""
    (tmp_path / "tests").mkdir()
    for name in ("__init__.py", "conftest.py", "compiling.py", "initdb.py", "memory.py", "schedule.py", "warm.py"):
        shutil.copy(ROOT / "tests" / name, tmp_path / "tests")
    (tmp_path / "tests" / "test_it.py").write_text(FILE)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -v -p no:cacheprovider\nmarkers = long: long\n")
    git(tmp_path, "init", "-q")
    commit(tmp_path, "one")
    return tmp_path


def git(folder, *arguments):
    who = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True)


def commit(folder, message):
    git(folder, "commit", "-q", "--allow-empty", "-m", message)


def chosen(folder, *arguments):
    """The tests that ran."""
    argv = [sys.executable, "-m", "pytest", "-p", "xdist", *arguments, "tests"]
    env = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # they take longer than all the rest
    done = subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return sorted(set(re.findall(r"test_it\.py::(\S+)", done.stdout)))


def test_without_being_asked_for_no_long_test_runs(suite):
    assert chosen(suite) == ["test_short"]


def test_asked_for_by_the_mark_all_of_them_run(suite):
    assert len(chosen(suite, "-m", "long")) == 21


def test_a_sample_comes_beside_the_others_and_follows_from_the_commit(suite):
    first = chosen(suite, "--sample-long", "50")
    assert len(first) == 6
    assert {"test_short", "test_very_long"} & set(first) == {"test_short"}
    assert chosen(suite, "--sample-long", "50", "-n", "2") == first
    commit(suite, "two")
    assert chosen(suite, "--sample-long", "50") != first


COSTS = {"dear": 100.0, **{f"cheap {n}": 10.0 for n in range(30)}}


def test_a_sample_costs_what_it_may_or_is_one_dear_test_alone():
    for key in map(str, range(500)):
        names = schedule.drawn(COSTS, 40, key)
        assert names == ["dear"] or ("dear" not in names and len(set(names)) == len(names) == 4), names
        assert schedule.drawn(COSTS, 40, key) == names
    assert schedule.drawn(COSTS, 0, "key") == []


def test_every_long_test_has_its_turn_and_a_dear_one_more_rarely():
    turns = Counter(name for key in range(2000) for name in schedule.drawn(COSTS, 40, str(key)))
    assert set(turns) == set(COSTS)
    assert 0 < turns["dear"] < min(turns[name] for name in COSTS if name != "dear")


def test_what_takes_longest_begins_first():
    heaviest, *others = schedule.known()
    files = ["tests/unit/x/test_x.py", "tests/acceptance/test_new.py", heaviest]
    assert schedule.heaviest_first(files) == files[::-1]
    assert [one for one in (heaviest, *others) if not (ROOT / one).is_file()] == [], "write it anew, or take it out"
