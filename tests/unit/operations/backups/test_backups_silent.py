"""A drill of data files after which no log came: what it says of what would be lost."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from fairlead.backups.physical.coverage import Aim
from fairlead.operations.backups import drill
from fairlead.operations.backups.report import Report
from fairlead.project.stack_backup import Backup, Physical
from fairlead.system import clock


def tried(monkeypatch, age, wal=True, which="latest"):
    """The report of such a one, with `rpo: 5m`."""
    moment = clock.now() - timedelta(seconds=age)
    base = SimpleNamespace(id="one", kind="physical", parts=(), facts={}, moment=moment, timeline=1)
    store = SimpleNamespace(name="db", kind="postgres")
    engine = SimpleNamespace(require_whole=lambda backup: None)
    one = SimpleNamespace(store=store, said=Backup(physical=Physical(wal=wal)), catalogue=None, files=lambda of: engine)
    monkeypatch.setattr(drill, "selected", lambda *_, **more: (base, Aim(base, 1)))
    for name in ("drill_identities", "require_space", "needed_of", "try_files"):
        monkeypatch.setattr(drill, name, lambda *_: ())
    monkeypatch.setattr(drill, "globals_of", lambda *_: "")
    report = Report("db", targets={"rpo": 300.0})
    drill._try(one, drill.Wanted(which), SimpleNamespace(folder=None), report, lambda _: None)
    drill.judge(report)
    return report


def test_all_since_the_copy_would_be_lost(monkeypatch):
    report = tried(monkeypatch, age=90_000)
    assert report.rpo == pytest.approx(90_000, abs=60)
    assert not report.ok
    assert report.wrong[0].startswith("no log came since the copy one, which is 25 h old")
    assert report.wrong[1].startswith("the last backup is 9")


def test_one_that_was_made_just_now_is_well(monkeypatch):
    assert tried(monkeypatch, age=60).ok


def test_where_no_log_is_kept_none_is_missed(monkeypatch):
    (wrong,) = tried(monkeypatch, age=90_000, wal=False).wrong
    assert wrong.startswith("the last backup is 9")


def test_of_a_copy_that_was_asked_for_by_its_name_nothing_is_said(monkeypatch):
    assert (tried(monkeypatch, age=90_000, which="one").rpo, tried(monkeypatch, age=90_000, which="one").ok) == (
        None,
        True,
    )
