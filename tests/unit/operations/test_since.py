from datetime import UTC, datetime, timedelta, timezone

import pytest

from fairlead.operations.since import instant, settled

PARIS = timezone(timedelta(hours=1))
NOW = datetime(2026, 3, 1, 12, 30, tzinfo=PARIS)


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("10m", timedelta(minutes=10)),
        ("2h", timedelta(hours=2)),
        ("1h30m", timedelta(hours=1, minutes=30)),
        ("1.5h", timedelta(minutes=90)),
        ("90s", timedelta(seconds=90)),
        ("250ms", timedelta(milliseconds=250)),
        ("3d", timedelta(days=3)),
        ("2w", timedelta(weeks=2)),
    ],
)
def test_a_time_ago(text, ago):
    assert instant(text, NOW) == NOW - ago
    assert settled(text, NOW) == text, "the clock that counts is that of the machine where it is asked"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-02-28T20:00:00Z", datetime(2026, 2, 28, 20, tzinfo=UTC)),
        ("2026-02-28T20:00:00+02:00", datetime(2026, 2, 28, 18, tzinfo=UTC)),
        ("2026-02-28T20:00:00.123456789Z", datetime(2026, 2, 28, 20, 0, 0, 123456, UTC)),
        ("2026-02-28T20:00", datetime(2026, 2, 28, 20, tzinfo=PARIS)),
        ("2026-02-28 20:00:30", datetime(2026, 2, 28, 20, 0, 30, tzinfo=PARIS)),
        ("2026-02-28", datetime(2026, 2, 28, tzinfo=PARIS)),
        ("today", datetime(2026, 3, 1, tzinfo=PARIS)),
        ("yesterday", datetime(2026, 2, 28, tzinfo=PARIS)),
        ("1772308800", datetime(2026, 2, 28, 20, tzinfo=UTC)),
        ("1772308800.5", datetime(2026, 2, 28, 20, 0, 0, 500000, UTC)),
    ],
)
def test_a_time(text, found):
    assert instant(text, NOW) == found
    elsewhere = datetime(2026, 3, 1, tzinfo=timezone(timedelta(hours=-8)))
    assert instant(settled(text, NOW), elsewhere) == found, "it means the same on a machine in another time zone"


@pytest.mark.parametrize("text", ["", "10", "10 m", "m", "-5m", "soon", "10y", "2026-13-01", "20:00", "10m ago"])
def test_no_time(text):
    with pytest.raises(ValueError, match="is no time"):
        instant(text, NOW)


def test_longer_ago_than_there_are_years():
    assert instant("99999999w", NOW).year == 1970
