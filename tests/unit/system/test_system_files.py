"""Files are whole or absent, whatever happens while they are written."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fairlead.errors import FairleadError
from fairlead.system.files import (
    free_bytes,
    listed,
    read_json,
    remove_tree,
    size_below,
    sweep_temporary,
    write_file,
    write_json,
)


def test_a_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.yml"
    write_file(path, "one", 0o600)
    write_file(path, b"two", 0o600)
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["a.yml"]


def test_an_open_reader_keeps_what_it_opened(tmp_path: Path) -> None:
    """It is a rename, not a write in place: nobody ever reads half of one and half of the other."""
    path = tmp_path / "a"
    write_file(path, "one")
    with open(path) as reader:
        write_file(path, "two")
        assert reader.read() == "one"


def test_a_full_disk_leaves_what_was_there(small_disk: Path) -> None:
    path = small_disk / "state.json"
    write_json(path, {"release": "one"})
    with pytest.raises(FairleadError) as caught:
        write_file(path, b"x" * (2 << 20))
    assert caught.value.message == f"{path}: could not be written: No space left on device; what was there is unchanged"
    assert caught.value.hint == "free some space, then run the command again"
    assert read_json(path) == {"release": "one"}
    assert os.listdir(small_disk) == ["state.json"]
    write_json(path, {"release": "two"})
    assert read_json(path) == {"release": "two"}


def test_a_read_only_file_system_leaves_what_was_there(tmpfs, tmp_path: Path) -> None:
    disk = tmpfs(tmp_path / "disk", "1m")
    write_file(disk / "a", "one")
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    with pytest.raises(FairleadError, match="a: could not be written: Read-only file system") as caught:
        write_file(disk / "a", "two")
    assert caught.value.hint
    assert (disk / "a").read_text() == "one"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FairleadError, match="could not be written: No such file or directory"):
        write_file(tmp_path / "missing" / "a", "x")


def test_json_that_is_not_there_and_json_that_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    assert read_json(path) is None
    path.write_text('{"half": ')
    with pytest.raises(FairleadError, match="not readable as JSON"):
        read_json(path)


def test_a_read_only_tree_is_removed_and_what_it_links_to_stays(tmp_path: Path) -> None:
    outside, tree = tmp_path / "outside", tmp_path / "tree"
    outside.mkdir()
    (outside / "precious").write_text("x")
    (tree / "inner").mkdir(parents=True)
    (tree / "inner" / "file").write_text("x")
    (tree / "link").symlink_to(outside)
    (tree / "inner").chmod(0o500)
    tree.chmod(0o500)
    remove_tree(tree)
    remove_tree(tree)
    assert not tree.exists()
    assert (outside / "precious").exists()
    (tmp_path / "link").symlink_to(outside)
    remove_tree(tmp_path / "link")
    assert sorted(os.listdir(tmp_path)) == ["outside"]


def test_a_tree_that_somebody_else_removes_at_the_same_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tree" / "deep").mkdir(parents=True)
    real = shutil.rmtree

    def beaten(path: Path) -> None:
        real(path)
        raise FileNotFoundError(path)

    monkeypatch.setattr(shutil, "rmtree", beaten)
    remove_tree(tmp_path / "tree")
    assert not (tmp_path / "tree").exists()


def test_a_tree_that_somebody_writes_into_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree, real, late = tmp_path / "tree", os.rmdir, ["seen"]
    tree.mkdir()

    def written_into(path: Path, **more: int) -> None:
        if late:
            (tree / late.pop()).touch()
        real(path, **more)

    monkeypatch.setattr(os, "rmdir", written_into)
    remove_tree(tree)
    assert not late and not tree.exists()


def test_what_is_not_there_has_nothing_in_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("123")
    (tmp_path / "link").symlink_to("file")
    assert listed(tmp_path) == [tmp_path / "file", tmp_path / "link"]
    assert listed(tmp_path / "gone") == listed(tmp_path / "file") == []
    assert (size_below(tmp_path), size_below(tmp_path / "gone")) == (3, 0)


def test_free_space_of_a_folder_that_is_yet_to_be_made(tmp_path: Path, small_disk: Path) -> None:
    assert free_bytes(small_disk / "not" / "there") <= 1 << 20


def test_who_watches_the_folder_sees_one_thing_happen(tmp_path: Path) -> None:
    watched = tmp_path / "watched"
    watched.mkdir()
    before = watched.stat().st_mtime_ns
    with pytest.raises(FairleadError):
        write_file(watched / "a", "one", via=tmp_path / "missing")
    assert watched.stat().st_mtime_ns == before
    write_file(watched / "a", "one", 0o640, via=tmp_path)
    assert (watched / "a").read_text() == "one" and (watched / "a").stat().st_mode & 0o777 == 0o640
    assert os.listdir(tmp_path) == ["watched"]


def test_what_a_killed_writer_left_is_swept(tmp_path: Path) -> None:
    """It is killed between the first byte and the rename; what a living process writes is left alone."""
    code = "import os, signal; from pathlib import Path; from fairlead.system import files; "
    code += "files._write_synced = lambda path, *_: (path.write_text('half'), os.kill(os.getpid(), signal.SIGKILL)); "
    code += "files.write_file(Path('edge/state.json'), 'whole')"
    (tmp_path / "edge").mkdir()
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False).returncode == -signal.SIGKILL
    [left] = listed(tmp_path / "edge")
    pid = int(left.name.split(".")[-2].partition("-")[0])
    living = left.with_name(left.name.replace(f".{pid}-", f".{os.getpid()}-"))
    spared = tmp_path / "data" / left.name
    spared.parent.mkdir()
    for path in (living, spared, tmp_path / ".theirs.tmp"):
        path.touch()
    sweep_temporary(tmp_path, ("data",))
    assert not left.exists()
    assert living.exists() and spared.exists() and (tmp_path / ".theirs.tmp").exists()
