"""What is counted of the files of a volume, by the tools of whatever image it has."""

import os

from fairlead.backups.shell import Here
from fairlead.operations.backups.losing import COUNT, LATER, WRITTEN


def test_files_are_counted_and_the_last_write_is_seen(tmp_path, tools, monkeypatch):
    data = tmp_path / "data"
    for name, age in (("a", 0), ("b c/d", 7200), (".fairlead/new", 0), ("appendonlydir/1.incr.aof", 3600)):
        path = data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.utime(path, (path.stat().st_mtime - age,) * 2)
    last = int((data / "appendonlydir" / "1.incr.aof").stat().st_mtime)
    (data / "appendonlydir" / "0.incr.aof").touch()
    os.utime(data / "appendonlydir" / "0.incr.aof", (last - 60, last - 60))
    monkeypatch.setenv("PATH", tools())
    shell = Here()
    assert shell.run("files", COUNT, str(data)).strip() == "4"
    assert shell.run("files", LATER, str(data), "90").strip() == "3"
    assert shell.run("files", LATER, str(data), "30").strip() == "1"
    assert shell.run("the last write", WRITTEN, str(data)).strip() == str(last)
