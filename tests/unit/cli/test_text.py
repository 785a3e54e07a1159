from datetime import UTC, datetime, timedelta

import click
import pytest

from fairlead.cli import text


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.44, "0.4 s"), (12.9, "12 s"), (60, "1 min"), (185, "3 min 5 s"), (7260, "2 h 1 min"), (360000, "4 d 4 h")],
)
def test_durations(seconds, shown):
    assert text.duration(seconds) == shown


def test_how_long_ago():
    assert text.ago((datetime.now(UTC) - timedelta(minutes=3, seconds=5)).isoformat()).startswith("3 min")
    assert text.ago(datetime.now(UTC).isoformat()) == "just now"


def test_tables_align_what_is_seen():
    shown = text.table([(click.style("ab", fg="red"), "x"), ("漢", "y"), ("c", "")], indent=1)
    assert click.unstyle(shown) == " ab  x\n 漢  y\n c"
    assert text.table([]) == ""


def test_counts():
    assert text.count(1, "test") == "1 test" and text.count(0, "test") == "0 tests"


def test_an_ipv6_address_stands_in_brackets_in_a_url():
    assert text.url("::1", 8080) == "http://[::1]:8080"
    assert text.url("127.0.0.1", 80) == "http://127.0.0.1:80"
    assert text.url("localhost", 80) == "http://localhost:80"
