"""Folders of secret files: they change as a whole, and nobody else looks into them."""

import stat

import pytest

from fairlead.errors import FairleadError
from fairlead.secrets.folder import SecretFolder


def modes(root):
    return {stat.S_IMODE(path.lstat().st_mode) for path in (root, *root.rglob("*")) if not path.is_symlink()}


def test_what_is_read_changes_as_a_whole(tmp_path):
    folder = SecretFolder(tmp_path / "web")
    assert folder.version() is None and folder.files() == {}
    assert folder.swap("1", {"A": b"one", "deep/B": b"\xff\n"})
    assert folder.files() == {"A": b"one", "deep/B": b"\xff\n"}
    opened = folder.current.resolve()
    assert folder.swap("2", {"A": b"two"})
    assert folder.files() == {"A": b"two"} and (folder.current / "A").read_bytes() == b"two"
    assert (opened / "A").read_bytes() == b"one"  # who has just looked it up still finds it
    folder.sweep()
    assert not opened.exists() and folder.files() == {"A": b"two"}


def test_only_its_user_reads_it(tmp_path):
    folder = SecretFolder(tmp_path / "web")
    folder.swap("1", {"A": b"one", "deep/B": b"two"})
    assert modes(tmp_path / "web") == {0o700, 0o600}


def test_the_same_again_is_no_change(tmp_path):
    folder = SecretFolder(tmp_path / "web")
    assert folder.swap("1", {"A": b"one"})
    assert not folder.swap("1", {"A": b"one"})


def test_a_damaged_version_is_written_anew(tmp_path):
    folder = SecretFolder(tmp_path / "web")
    folder.swap("1", {"A": b"one", "B": b"two"})
    (folder.current / "A").write_bytes(b"")
    (folder.current / "B").unlink()
    assert folder.swap("1", {"A": b"one", "B": b"two"})
    assert folder.files() == {"A": b"one", "B": b"two"}


def test_what_a_killed_writer_left_goes(tmp_path):
    folder = SecretFolder(tmp_path / "web")
    folder.swap("1", {"A": b"one"})
    (folder.path / "..half").mkdir()
    (folder.path / ".current.tmp").symlink_to("..half")
    assert folder.swap("2", {"A": b"two"})
    folder.sweep()
    assert {path.name for path in folder.path.iterdir()} == {"..2", "current"}


def test_a_full_disk_leaves_what_was_there(small_disk):
    folder = SecretFolder(small_disk / "web")
    folder.swap("1", {"A": b"one"})
    with pytest.raises(FairleadError, match="No space left"):
        folder.swap("2", {"A": b"two", "B": b"x" * (2 << 20)})
    assert folder.files() == {"A": b"one"}
    assert {path.name for path in folder.path.iterdir()} == {"..1", "current"}
