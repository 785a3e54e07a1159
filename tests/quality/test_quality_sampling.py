"""Which of the long tests run: none, all, or a sample that follows from the commit."""

import re
import shutil
import subprocess
import sys

import pytest
from repository import ROOT

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
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path / "tests")
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
    argv = [sys.executable, "-m", "pytest", *arguments, "tests"]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return sorted(set(re.findall(r"test_it\.py::(\S+)", done.stdout)))


def test_without_being_asked_for_no_long_test_runs(suite):
    assert chosen(suite) == ["test_short"]


def test_asked_for_by_the_mark_all_of_them_run(suite):
    assert len(chosen(suite, "-m", "long")) == 21


def test_a_sample_comes_beside_the_others_and_follows_from_the_commit(suite):
    first = chosen(suite, "--sample-long", "5")
    assert len(first) == 6
    assert "test_short" in first
    assert chosen(suite, "--sample-long", "5") == first
    assert chosen(suite, "--sample-long", "5", "-n", "2") == first
    commit(suite, "two")
    assert chosen(suite, "--sample-long", "5") != first


def test_what_takes_too_long_for_a_sample_is_in_none(suite):
    assert "test_very_long" not in chosen(suite, "--sample-long", "30")
