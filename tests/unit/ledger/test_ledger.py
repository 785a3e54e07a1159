"""Append and read: numbers, times, filters, durability of the format, and what is refused."""

from __future__ import annotations

import json
import sqlite3
import stat
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fairlead.errors import FairleadError
from fairlead.ledger import Ledger, verify
from fairlead.ledger.merkle import leaf_hash, tree_head


def test_an_entry_comes_back_as_it_was_written(ledger: Ledger, path: Path) -> None:
    written = ledger.append(
        "step", {"name": "start web", "items": (1, 2.5, None), "text": "gr\u00fcn \ud800"}, rollout=4
    )
    assert written.number == 1
    assert written.data == {"name": "start web", "items": [1, 2.5, None], "text": "gr\u00fcn \ud800"}
    assert list(ledger.entries()) == [written]
    with Ledger.open(path) as again:
        assert list(again.entries()) == [written]
        assert again.head().root == written.root
    assert written.when().tzinfo is not None


def test_the_stored_bytes_are_what_is_hashed(ledger: Ledger, path: Path) -> None:
    for number in range(5):
        ledger.append("k", {"b": number, "a": "x"}, rollout=None)
    bodies = [row[0] for row in sqlite3.connect(path).execute("SELECT body FROM entries ORDER BY number")]
    assert ledger.head().root == tree_head(leaf_hash(body.encode()) for body in bodies).hex()
    first = json.loads(bodies[0])
    assert bodies[0] == json.dumps(first, sort_keys=True, separators=(",", ":"))
    assert set(first) == {"number", "time", "kind", "rollout", "data"}


def test_an_empty_ledger(ledger: Ledger) -> None:
    assert ledger.head().size == 0
    assert ledger.last() is None
    assert list(ledger.entries()) == []
    assert ledger.next_rollout() == 1
    assert verify(ledger)
    assert ledger.append_many([]) == ()


def test_files_are_private(ledger: Ledger, path: Path) -> None:
    ledger.append("k", {})
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.glob("ledger.db*")}
    assert modes == {"ledger.db": 0o600, "ledger.db-wal": 0o600, "ledger.db-shm": 0o600}


def test_commits_reach_the_disk_before_append_returns(ledger: Ledger) -> None:
    with ledger.store.reading() as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


def fill(ledger: Ledger) -> None:
    for number in range(1, 11):
        ledger.append("even" if number % 2 == 0 else "odd", {"n": number}, rollout=(number - 1) // 5 + 1)


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ({}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ({"after": 8}, [9, 10]),
        ({"kinds": ["even"]}, [2, 4, 6, 8, 10]),
        ({"kinds": []}, []),
        ({"kinds": {"even", "odd"}, "rollout": 2}, [6, 7, 8, 9, 10]),
        ({"rollout": 1, "newest_first": True}, [5, 4, 3, 2, 1]),
        ({"newest_first": True, "limit": 2}, [10, 9]),
        ({"after": 7, "newest_first": True}, [10, 9, 8]),
        ({"limit": 3, "after": 2, "kinds": ["odd"]}, [3, 5, 7]),
        ({"limit": 0}, []),
    ],
)
def test_filters(ledger: Ledger, asked: dict[str, object], numbers: list[int]) -> None:
    fill(ledger)
    assert [entry.number for entry in ledger.entries(**asked)] == numbers  # type: ignore[arg-type]


def test_reading_goes_past_one_page(ledger: Ledger) -> None:
    ledger.append_many(("k", {"n": number}, None) for number in range(1201))
    assert [entry.number for entry in ledger.entries()] == list(range(1, 1202))
    assert [entry.number for entry in ledger.entries(newest_first=True)] == list(range(1201, 0, -1))
    assert [entry.number for entry in ledger.entries(limit=777)] == list(range(1, 778))
    assert len(list(ledger.entries(after=100, newest_first=True, limit=600))) == 600
    assert verify(ledger)


def test_reading_while_appending(ledger: Ledger, path: Path) -> None:
    fill(ledger)
    with Ledger.open(path) as writer:
        for entry in ledger.entries(limit=10):
            writer.append("more", {"after": entry.number})
    assert verify(ledger).size == 20


def test_last_and_next_rollout(ledger: Ledger) -> None:
    fill(ledger)
    last, odd, of_first = ledger.last(), ledger.last("odd"), ledger.last("odd", "even", rollout=1)
    assert last and odd and of_first
    assert (last.number, odd.number, of_first.number) == (10, 9, 5)
    assert ledger.last("missing") is None
    assert ledger.next_rollout() == 3


def test_several_entries_are_one_transaction(ledger: Ledger) -> None:
    with pytest.raises(TypeError):
        ledger.append_many([("good", {}, None), ("bad", {"path": Path()}, None)])
    assert ledger.head().size == 0
    assert [entry.number for entry in ledger.append_many([("a", {}, 1), ("b", {}, 1)])] == [1, 2]
    assert verify(ledger)


@pytest.mark.parametrize("value", [object(), {1, 2}, float("nan"), b"bytes"])
def test_what_is_not_json_is_refused(ledger: Ledger, value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        ledger.append("k", {"value": value})
    assert ledger.append("k", {}).number == 1


def test_a_clock_set_back_does_not_reorder(path: Path) -> None:
    noon = datetime(2030, 1, 1, 12, tzinfo=UTC)
    times = iter([noon, noon - timedelta(hours=1), noon + timedelta(seconds=1)])
    with Ledger.open(path, now=lambda: next(times)) as ledger:
        first, second, third = (ledger.append("k", {}) for _ in range(3))
        assert [entry.time for entry in (first, second, third)] == sorted(e.time for e in (first, second, third))
        assert (first.clock, third.clock) == (None, None)
        assert second.time == first.time == "2030-01-01T12:00:00.000000+00:00"
        assert second.clock == "2030-01-01T11:00:00.000000+00:00"
        assert list(ledger.entries()) == [first, second, third]
        assert verify(ledger)


@pytest.mark.parametrize("statement", ["UPDATE entries SET kind = 'x' WHERE number = 1", "DELETE FROM entries"])
def test_the_file_itself_refuses_changes(ledger: Ledger, path: Path, statement: str) -> None:
    fill(ledger)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        sqlite3.connect(path).execute(statement)
    assert verify(ledger)


def test_version_tells_of_other_writers(ledger: Ledger, path: Path) -> None:
    ledger.append("k", {})
    before = ledger.version()
    assert ledger.version() == before
    with Ledger.open(path) as other:
        other.append("k", {})
        assert ledger.version() != before


def test_threads_may_share_one(ledger: Ledger) -> None:
    threads = [threading.Thread(target=lambda: [ledger.append("k", {}) for _ in range(25)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verify(ledger).size == 100


def test_a_newer_format_is_refused(path: Path) -> None:
    Ledger.open(path).close()
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA user_version = 99")
    with pytest.raises(FairleadError, match="newer Fairlead"):
        Ledger.open(path)


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(FairleadError, match=r"could not be opened .*No such file") as caught:
        Ledger.open(tmp_path / "nowhere" / "ledger.db")
    assert caught.value.hint


def test_naming_the_ledger_does_not_load_sqlite() -> None:
    code = "import fairlead.ledger, sys; sys.exit('sqlite3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
