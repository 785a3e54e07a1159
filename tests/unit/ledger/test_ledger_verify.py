"""Every kind of change to the file is found, and placed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fairlead.errors import FairleadError
from fairlead.ledger import Ledger, verify
from fairlead.ledger.merkle import leaf_hash, tree_head

SIZE = 13


@pytest.fixture
def full(ledger: Ledger) -> Ledger:
    ledger.append_many(("kind", {"n": number}, number) for number in range(1, SIZE + 1))
    return ledger


def tamper(path: Path, *statements: str, values: tuple[object, ...] = ()) -> None:
    """What somebody with write access does: the triggers go first."""
    with sqlite3.connect(path) as raw:
        raw.execute("DROP TRIGGER IF EXISTS entries_keep_update")
        raw.execute("DROP TRIGGER IF EXISTS entries_keep_delete")
        for statement in statements:
            raw.execute(statement, values)
    raw.close()


CHANGES = [
    (
        "edited content",
        5,
        "leaf hash",
        ["UPDATE entries SET body = replace(body, '\"n\":5', '\"n\":6') WHERE number = 5"],
    ),
    ("edited leaf hash", 5, "leaf hash", [f"UPDATE entries SET leaf = '{'0' * 64}' WHERE number = 5"]),
    ("edited root", 5, "does not lead", [f"UPDATE entries SET root = '{'0' * 64}' WHERE number = 5"]),
    ("edited kind column", 5, "filed under", ["UPDATE entries SET kind = 'other' WHERE number = 5"]),
    ("edited rollout column", 5, "filed under", ["UPDATE entries SET rollout = NULL WHERE number = 5"]),
    ("edited time column", 5, "filed under", ["UPDATE entries SET time = '2000' WHERE number = 5"]),
    ("removed first", 1, "entry 1 is missing", ["DELETE FROM entries WHERE number = 1"]),
    ("removed in the middle", 6, "entry 6 is missing", ["DELETE FROM entries WHERE number = 6"]),
    (
        "removed and renumbered",
        6,
        "does not lead",
        ["DELETE FROM entries WHERE number = 6", "UPDATE entries SET number = number - 1 WHERE number > 6"],
    ),
    (
        "reordered",
        4,
        "does not lead",
        [
            "UPDATE entries SET number = 99 WHERE number = 4",
            "UPDATE entries SET number = 4 WHERE number = 5",
            "UPDATE entries SET number = 5 WHERE number = 99",
        ],
    ),
    (
        "inserted in the middle",
        4,
        "does not lead",
        [
            "UPDATE entries SET number = -number - 1 WHERE number > 3",
            "UPDATE entries SET number = -number WHERE number < 0",
            "INSERT INTO entries SELECT 4, time, kind, rollout, body, leaf, root FROM entries WHERE number = 2",
        ],
    ),
    (
        "added at the end",
        SIZE + 1,
        "does not lead",
        [f"INSERT INTO entries SELECT {SIZE + 1}, time, kind, rollout, body, leaf, root FROM entries WHERE number = 2"],
    ),
    ("cut at the end", SIZE, f"counts {SIZE} entries", [f"DELETE FROM entries WHERE number = {SIZE}"]),
    ("all removed", 1, "entry 1 is missing", ["DELETE FROM entries"]),
    ("head set back", 10, "not covered by the tree head", ["UPDATE head SET size = 9"]),
    ("head removed", 1, "not covered by the tree head", ["DELETE FROM head"]),
    ("head's root edited", None, "the head was changed", [f"UPDATE head SET root = '{'0' * 64}'"]),
    ("head's frontier edited", None, "the head was changed", [f"UPDATE head SET frontier = '{'0' * 64}'"]),
    ("content not text", 5, "not readable", ["UPDATE entries SET body = x'ff00' WHERE number = 5"]),
    ("content not UTF-8", 5, "leaf hash", ["UPDATE entries SET body = CAST(x'ff22' AS TEXT) WHERE number = 5"]),
    ("head's size edited", None, "the stored tree head", ["UPDATE head SET size = 'many'"]),
]


@pytest.mark.parametrize(("first_bad", "reason", "statements"), [c[1:] for c in CHANGES], ids=[c[0] for c in CHANGES])
def test_a_change_is_found_and_placed(
    full: Ledger, path: Path, first_bad: int | None, reason: str, statements: list[str]
) -> None:
    assert verify(full)
    tamper(path, *statements)
    found = verify(full)
    assert not found
    assert found.first_bad == first_bad
    assert reason in (found.reason or "")
    assert found.size == (SIZE if "tree head" in reason or "the head" in reason else (first_bad or 0) - 1)


def test_an_entry_rewritten_with_its_hashes_is_found_at_the_next(full: Ledger, path: Path) -> None:
    """Only the entries after it give such a change away; that is what the docstring of `verify` says."""
    rows = sqlite3.connect(path).execute("SELECT body, leaf FROM entries ORDER BY number").fetchall()
    body = rows[4][0].replace('"n":5', '"n":6')
    leaves = [bytes.fromhex(leaf) for _, leaf in rows[:4]] + [leaf_hash(body.encode())]
    changed = (body, leaves[-1].hex(), tree_head(leaves).hex())
    tamper(path, "UPDATE entries SET body = ?, leaf = ?, root = ? WHERE number = 5", values=changed)
    assert verify(full).first_bad == 6


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(number=st.integers(1, SIZE), position=st.integers(0, 60), letter=st.sampled_from('abc019{}" '))
def test_any_changed_character_is_found_where_it_is(
    full: Ledger, path: Path, number: int, position: int, letter: str
) -> None:
    with sqlite3.connect(path) as raw:
        (body,) = raw.execute("SELECT body FROM entries WHERE number = ?", (number,)).fetchone()
    changed = body[:position] + letter + body[position + 1 :]
    tamper(path, "UPDATE entries SET body = ? WHERE number = ?", values=(changed, number))
    found = verify(full)
    assert found.first_bad == (None if changed == body else number)
    tamper(path, "UPDATE entries SET body = ? WHERE number = ?", values=(body, number))
    assert verify(full)


@pytest.mark.parametrize("statement", ["DELETE FROM entries WHERE number = 13", "UPDATE head SET frontier = 'zz'"])
def test_a_changed_end_is_not_continued(full: Ledger, path: Path, statement: str) -> None:
    tamper(path, statement)
    with pytest.raises(FairleadError, match=r"missing|not readable") as caught:
        full.append("k", {})
    assert "ledger verify" in (caught.value.hint or "")


def test_an_unreadable_entry_is_told_when_read(full: Ledger, path: Path) -> None:
    tamper(path, "UPDATE entries SET body = 'no json' WHERE number = 5")
    with pytest.raises(FairleadError, match="an entry is not readable"):
        list(full.entries())


def overwrite_start(path: Path) -> None:
    path.write_bytes(b"not a database at all".ljust(4096, b"!") + path.read_bytes()[4096:])


def overwrite_middle(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for page in range(4096, len(data), 4096):
        data[page : page + 200] = b"\xde\xad" * 100
    path.write_bytes(data)


def cut_in_half(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 8192 * 4096])


@pytest.mark.parametrize("damage", [overwrite_start, overwrite_middle, cut_in_half])
def test_a_damaged_file_is_a_clear_error(path: Path, damage: Callable[[Path], None]) -> None:
    with Ledger.open(path) as ledger:
        ledger.append_many(("kind", {"n": number, "text": "x" * 200}, number) for number in range(300))
    damage(path)
    with pytest.raises(FairleadError, match="the file is damaged") as caught, Ledger.open(path) as ledger:
        verify(ledger)
    assert str(path) in caught.value.message
    assert "backup" in (caught.value.hint or "")
