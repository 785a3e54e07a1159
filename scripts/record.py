"""Records a real run of the demo as docs/demo.svg, for the README: `make recording`.

The program runs in a pseudo-terminal. What it drew last is the picture, and each line of it comes up at the moment it
came up in the run, several times faster. A viewer that does not animate shows the last picture.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import pty
import re
import struct
import sys
import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parent.parent
COLUMNS, ROWS = 104, 50
FASTER = 4.0  #: how many times faster than the run
DEMO = ("fairlead", "demo")

#: No fonts from elsewhere: the viewer's own will do.
FORMAT = re.sub(r"@font-face \{\{.*?\n    \}\}\n", "", CONSOLE_SVG_FORMAT, flags=re.S)

_TOKEN = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\n|[^\x1b\r\n]+")


@dataclass
class Screen:
    """As much of a terminal as is needed for what rich draws: lines, up, erase."""

    lines: list[str] = field(default_factory=lambda: [""])
    row: int = 0
    first: dict[tuple[int, str], float] = field(default_factory=dict)  #: when a row first said this, seconds

    def feed(self, text: str, now: float) -> None:
        """Draw it."""
        for token in _TOKEN.findall(text):
            self._draw(token)
        for row, line in enumerate(self.lines):
            self.first.setdefault((row, _said(line)), now)

    def shown(self) -> list[float]:
        """When each line began to say what it says now."""
        return [self.first[row, _said(line)] for row, line in enumerate(self.lines)]

    def _draw(self, piece: str) -> None:
        if piece == "\n":
            self.row += 1
            if self.row == len(self.lines):
                self.lines.append("")
        elif piece.endswith("A") and piece.startswith("\x1b"):
            self.row = max(0, self.row - int(piece[2:-1] or 1))
        elif piece in ("\r", "\x1b[2K"):
            # a carriage return that only ends a line is followed by the newline that leaves it
            if piece == "\x1b[2K":
                self.lines[self.row] = ""
        elif not piece.startswith("\x1b") or piece.endswith("m"):
            self.lines[self.row] += piece


def _said(line: str) -> str:
    """A line without what changes while it says the same: colours, blanks, seconds that run."""
    return re.sub(r"\x1b\[[0-9;]*m|\s+|[\d.]+ s\s*$", "", line)


def run(command: tuple[str, ...]) -> tuple[Screen, int]:
    """Run it in a terminal of its own until it ends; the screen, and its exit code."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ |= {"TERM": "xterm-256color", "COLUMNS": str(COLUMNS), "LINES": str(ROWS)}
        os.execvp(command[0], command)  # noqa: S606 - no shell
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    screen, begun = Screen(), time.monotonic()
    for text in _output(terminal):
        screen.feed(text, time.monotonic() - begun)
        sys.stdout.write(text)
    _, status = os.waitpid(child, 0)
    return screen, os.waitstatus_to_exitcode(status)


def _output(terminal: int) -> Iterator[str]:
    """What is written to a terminal, whole sequences and characters at a time, until nobody has it open any more."""
    rest = b""
    with contextlib.suppress(OSError):
        while chunk := os.read(terminal, 65536):
            whole, newline, rest = (rest + chunk).rpartition(b"\n")
            yield (whole + newline).decode(errors="replace")
    yield rest.decode(errors="replace")


def picture(screen: Screen, command: tuple[str, ...]) -> str:
    """The SVG."""
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"), force_terminal=True)  # noqa: SIM115
    rows = [(Text.from_ansi("$ " + " ".join(command)), 0.0)]
    rows += [(Text.from_ansi(line), when) for line, when in zip(screen.lines, screen.shown(), strict=True)]
    while rows and not rows[-1][0].plain.strip():
        rows.pop()
    for text, _ in rows:
        console.print(text, no_wrap=True, overflow="crop", crop=True)
    svg = console.export_svg(title="", code_format=FORMAT, unique_id="demo")
    return _animated(svg, [when / FASTER for _, when in rows])


def _animated(svg: str, when: list[float]) -> str:
    """Hide each line until its moment. Nothing is hidden where animations are not supported or not wanted."""
    lines = [
        f"    .demo-row-{row} {{ animation: demo-hidden {seconds:.2f}s }}"
        for row, seconds in enumerate(when)
        if seconds
    ]
    style = "\n".join(
        [
            "    @keyframes demo-hidden { from, to { opacity: 0 } }",
            *lines,
            "    @media (prefers-reduced-motion) { text { animation: none !important } }",
            "    </style>",
        ]
    )
    svg = re.sub(
        r'<text class="([^"]+)"([^>]*clip-path="url\(#demo-line-(\d+)\)")', r'<text class="\1 demo-row-\3"\2', svg
    )
    return svg.replace("    </style>", style, 1)


def main() -> int:
    """Record; nothing is written when the demo fails."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "demo.svg")
    output: Path = parser.parse_args().output
    # the program of this environment, under its plain name
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    screen, code = run(DEMO)
    if code == 0:
        output.write_text(picture(screen, DEMO), "utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main())
