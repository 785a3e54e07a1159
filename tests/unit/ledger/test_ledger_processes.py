"""Several processes, a killed one, and a disk that is really full."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fairlead.errors import FairleadError, NoSpace
from fairlead.ledger import Ledger, verify

APPEND = """
import sys
from pathlib import Path
from fairlead.ledger import Ledger
with Ledger.open(Path(sys.argv[1])) as ledger:
    number = 0
    while number < int(sys.argv[3]):
        number += 1
        entry = ledger.append("from", {"who": sys.argv[2], "count": number})
        print(entry.number, flush=True)
"""


def appender(path: Path, who: str, count: int) -> subprocess.Popen[str]:
    argv = [sys.executable, "-c", APPEND, str(path), who, str(count)]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)


def test_processes_appending_at_once_lose_nothing(path: Path) -> None:
    """They also create the file at once."""
    writers = [appender(path, who, 150) for who in "abc"]
    outputs = [writer.communicate(timeout=120)[0] for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    numbers = sorted(int(line) for output in outputs for line in output.split())
    assert numbers == list(range(1, 451))
    with Ledger.open(path) as ledger:
        assert verify(ledger).size == 450
        for who in "abc":
            counts = [entry.data["count"] for entry in ledger.entries() if entry.data["who"] == who]
            assert counts == list(range(1, 151))


@pytest.mark.parametrize("lines", [1, 20, 75])
def test_killed_in_the_middle_of_appends(path: Path, lines: int) -> None:
    with appender(path, "victim", 10**9) as victim:
        assert victim.stdout is not None
        told = [int(victim.stdout.readline()) for _ in range(lines)]
        victim.kill()
        told += [int(line) for line in victim.stdout.read().split("\n")[:-1]]
    with Ledger.open(path) as ledger:
        found = verify(ledger)
        assert found, found.reason
        assert found.size >= told[-1]  # what was reported as written is there
        assert ledger.append("after", {}).number == found.size + 1
        assert verify(ledger)


def test_disk_full(small_disk: Path) -> None:
    path = small_disk / "ledger.db"
    with Ledger.open(path) as ledger:
        with pytest.raises(FairleadError, match="no space left") as caught:
            for _ in range(10_000):
                ledger.append("k", {"text": "x" * 2000})
        assert "free some space" in (caught.value.hint or "")
        assert str(path) in caught.value.message
        size = ledger.head().size
        assert size > 10
        assert verify(ledger).size == size
        subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
        assert ledger.append("k", {"text": "y" * 2000}).number == size + 1
        assert verify(ledger)


def fill(disk: Path) -> Path:
    ballast = disk / "ballast"
    with pytest.raises(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    return ballast


def test_a_full_disk_keeps_nobody_from_reading(small_disk: Path) -> None:
    path = small_disk / "ledger.db"
    with Ledger.open(path) as ledger:
        ledger.append("k", {"text": "one"})
    fill(small_disk)
    with pytest.raises(NoSpace):
        Ledger.open(path)
    with Ledger.read(path) as ledger:
        assert [entry.data["text"] for entry in ledger.entries()] == ["one"]
        assert verify(ledger)
        with pytest.raises(FairleadError):
            ledger.append("k", {})


def test_what_the_file_does_not_hold_yet_is_not_left_out(small_disk: Path) -> None:
    """Entries may still be in the -wal file, which a frozen look does not see."""
    path = small_disk / "ledger.db"
    with Ledger.open(path) as ledger:
        ledger.append("k", {"text": "one"})
    (small_disk / "ledger.db-wal").write_bytes(b"x")
    fill(small_disk)
    with pytest.raises(NoSpace):
        Ledger.read(path)


def test_room_is_made_once_when_the_disk_is_full(small_disk: Path) -> None:
    path, reserve, asked = small_disk / "ledger.db", small_disk / "reserve", []

    def room() -> bool:
        asked.append(reserve.exists())
        reserve.unlink(missing_ok=True)
        return asked[-1]

    with Ledger.open(path, room=room) as ledger:
        ledger.append("k", {})
    assert asked == []
    reserve.write_bytes(b"x" * 300_000)
    fill(small_disk)
    with Ledger.open(path, room=room) as ledger:
        assert (ledger.append("k", {}).number, asked) == (2, [True])
        with pytest.raises(NoSpace):
            for _ in range(10_000):
                ledger.append("k", {"text": "x" * 2000})
        reserve.write_bytes(b"")
        reserve.unlink()
        assert asked == [True, False]
        assert verify(ledger)


def test_disk_full_at_the_start(small_disk: Path) -> None:
    ballast = fill(small_disk)
    with pytest.raises(FairleadError, match="no space left"):
        Ledger.open(small_disk / "ledger.db")
    ballast.unlink()
    with Ledger.open(small_disk / "ledger.db") as ledger:
        assert ledger.append("k", {}).number == 1
