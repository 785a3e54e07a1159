"""Since when a log has what it has: marks, as the lines of a program have no time of their own.

The keeper makes a mark whenever it looks at the log, once a minute at least: `SECONDS BYTES`, when it was how large. So
what was written since a time is behind the mark before it; what stands between that mark and the time comes along.
Marks lie in the keeper's own folder: that of an instance may be removed while the keeper writes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fairlead.system.home import Place

LARGEST = 64 << 10  #: bytes of marks, about two days of them; then every other one goes


@dataclass(frozen=True, slots=True)
class Marks:
    """The marks of all logs of an environment. `folder` is there from the first mark on."""

    folder: Path

    @classmethod
    def of(cls, place: Place) -> Marks:
        """Where the keeper has them."""
        return cls(place.root / "keeper" / "marks")

    def file(self, log: Path) -> Path:
        """Those of one log, which may be one that was set aside."""
        return self.folder / f"{log.parent.name}.{log.name}"

    def add(self, log: Path, now: float | None = None) -> None:
        """Write down how large the log is now, when it has grown. `now`: seconds since 1970. Raises nothing."""
        try:
            size, file, known = log.stat().st_size, self.file(log), self.known(log)
            if size == (known[-1][1] if known else 0):
                return
            if known and (size < known[-1][1] or file.stat().st_size > LARGEST):
                _write(file, known[1::2] if size >= known[-1][1] else [])
            self.folder.mkdir(parents=True, exist_ok=True)
            with file.open("a") as marks:
                marks.write(f"{time.time() if now is None else now:.3f} {size}\n")
        except OSError:  # a full disk, or the log is gone: more than was asked for will be shown
            return

    def shift(self, log: Path, older: Sequence[Path]) -> None:
        """After the log became the first of `older`, that one the second, and so on. OSError."""
        for path, target in reversed(list(zip([log, *older], older, strict=False))):
            if self.file(path).exists():
                self.file(path).replace(self.file(target))
            else:
                self.file(target).unlink(missing_ok=True)

    def tidy(self, logs: Iterable[Path]) -> None:
        """Only those of these logs, and of what was set aside of them, stay. Raises nothing."""
        kept = tuple(self.file(log).name for log in logs)
        try:
            for file in self.folder.iterdir():
                if not file.name.startswith(kept):
                    file.unlink(missing_ok=True)
        except OSError:
            return

    def known(self, log: Path) -> list[tuple[float, int]]:
        """Seconds since 1970, and bytes. A line that is not whole is none."""
        try:
            lines = self.file(log).read_text().split("\n")[:-1]
        except (OSError, UnicodeDecodeError):
            return []
        pairs = (line.partition(" ") for line in lines)
        return [(float(moment), int(size)) for moment, _, size in pairs if size.isdigit() and _is_number(moment)]

    def written_since(self, log: Path, since: float) -> tuple[bytes, int]:
        """What a log has from then on, in whole lines, and how many bytes of it were read. Seconds since 1970.

        Up to a minute of what came before is among it.
        """
        try:
            with open(log, "rb") as file:
                data = file.read()
                late = os.fstat(file.fileno()).st_mtime >= since
        except FileNotFoundError:
            return b"", 0
        return data[_start(data, self.known(log), since) if late else len(data) :], len(data)


def _start(data: bytes, marks: list[tuple[float, int]], since: float) -> int:
    if any(size > len(data) for _, size in marks):  # somebody emptied it: the marks are of what it was
        return 0
    place = max((size for moment, size in marks if moment <= since), default=0)
    return data.rfind(b"\n", 0, place) + 1


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def _write(file: Path, kept: list[tuple[float, int]]) -> None:
    temp = file.with_name(f".{file.name}.tmp")
    temp.write_text("".join(f"{moment:.3f} {size}\n" for moment, size in kept))
    temp.replace(file)
