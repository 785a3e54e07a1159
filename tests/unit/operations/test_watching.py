import time

from fairlead.operations.watching import Watch
from fairlead.system.clock import wait_until


def news(watch):
    """What the next look finds; a look may come too soon."""
    seen = []
    wait_until(lambda: seen.extend(watch.changed()) or bool(seen), 120)
    return seen


def test_what_counts_is_seen_and_nothing_else(tmp_path):
    (tmp_path / ".gitignore").write_text("*.log\nout/\n")
    (tmp_path / "a.py").write_text("1")
    watch = Watch(tmp_path)
    assert watch.changed() == ()
    (tmp_path / "x.log").write_text("1")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "b.py").write_text("1")
    (tmp_path / "a.py").write_text("22")
    assert news(watch) == ["a.py"]
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "c.py").write_text("1")
    assert news(watch) == ["sub/c.py"]
    (tmp_path / "a.py").unlink()
    assert news(watch) == ["a.py"]


def test_looking_takes_a_small_part_of_the_time(tmp_path):
    watch = Watch(tmp_path)
    watch._due = time.monotonic() + 60
    (tmp_path / "a.py").write_text("1")
    assert watch.changed() == ()
