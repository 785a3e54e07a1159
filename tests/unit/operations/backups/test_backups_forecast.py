"""How long it will take to recover when the data goes on growing."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from fairlead.operations.backups.drill import judge
from fairlead.operations.backups.forecast import expected, forecast, growth_of
from fairlead.operations.backups.report import Report
from fairlead.system import clock

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def test_growth_is_by_day_and_only_known_after_a_week():
    sizes = [(NOW - timedelta(days=10 - n), 1000 + n * 100) for n in range(11)]
    assert growth_of(sizes, NOW) == 100.0
    assert growth_of(sizes[-3:], NOW) is None
    assert growth_of([], NOW) is None
    assert growth_of([(NOW - timedelta(days=9), 500), (NOW, 100)], NOW) == 0.0
    assert growth_of([*sizes, (NOW + timedelta(days=1), 10**9)], NOW) == 100.0  # a clock jumped


def test_a_copy_of_what_changed_says_nothing_of_the_growth(monkeypatch):
    """It is small, also where the data is large; that of pgBackRest says how large the data is."""

    def copies(engine):
        sizes = [(0, 1000, ""), (8, 1800, ""), (9, 50 if engine == "builtin" else 1900, "b0")]
        return [
            SimpleNamespace(kind="physical", moment=NOW - timedelta(days=10 - day), engine=engine, parent=parent,
                            parts=[SimpleNamespace(size=size)]) for day, size, parent in sizes
        ]  # fmt: skip

    monkeypatch.setattr(clock, "now", lambda: NOW)
    report = Report("db", id="b1", kind="physical", bytes=1800, phases={"restore": 10.0})
    for engine in ("builtin", "pgbackrest"):
        it = SimpleNamespace(catalogue=SimpleNamespace(all=lambda engine=engine: copies(engine)))
        assert forecast(it, report)["bytes"] == 1800 + 100 * 90


def test_what_grows_takes_longer_and_the_rest_does_not():
    found = expected(1000, 100.0, {"find": 1.0, "restore": 10.0, "recover": 5.0, "check": 2.0})
    assert found == {"days": 90.0, "bytes": 10000, "rto": 126.0}


def test_a_drill_is_red_before_it_takes_too_long():
    report = Report("db", kind="physical", phases={"restore": 10.0}, targets={"rto": 60.0})
    report.forecast = {"days": 90.0, "bytes": 10, "rto": 59.0}
    judge(report)
    assert report.ok
    report.forecast["rto"] = 126.0
    judge(report)
    assert report.wrong == ["in 90 days, as the data grows, it will take 126 s, and may take 60 s"]
