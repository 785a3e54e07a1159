"""A folder for what must not stay: the next one tidies up after those who were killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.system import private
from fairlead.system.private import private_folder

NOBODY = 2**22 + 1  #: no process has this number


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(private, "MEMORY", tmp_path)
    return tmp_path


def test_it_is_for_this_user_alone_and_gone_afterwards(memory: Path) -> None:
    with private_folder() as folder:
        assert folder.parent == memory and folder.stat().st_mode & 0o777 == 0o700
        (folder / "value").write_text("x")
    assert list(memory.iterdir()) == []


def test_what_the_killed_have_left_goes_and_what_the_living_have_stays(memory: Path) -> None:
    left, used = (memory / f"fairlead-private-{pid}-abc" for pid in (NOBODY, 1))
    left.mkdir()
    used.mkdir()
    with private_folder():
        assert not left.exists() and used.exists()


def test_one_that_goes_while_it_is_looked_at_is_no_error(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "glob", lambda folder, pattern: [folder / f"fairlead-private-{NOBODY}-gone"])
    with private_folder() as folder:
        assert folder.is_dir()
