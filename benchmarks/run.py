"""Measure and print: `python benchmarks/run.py [NAME …]`; `--write` puts the tables into the docs.

Figures are printed, never asserted: they depend on the machine and on what else it does.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import sys
from pathlib import Path

from tables import machine

NAMES = ("startup", "deploy", "rollback", "memory", "nginx", "evidence", "secret_file", "load", "stall", "migrations")
DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE = DOCS / "benchmarks.md"
BEGIN, END = "<!-- measured -->", "<!-- end -->"
ASKED_FOR = ("verdicts", "peers", "docker", "backups")  #: measured only then
APART = {
    "evidence": (PAGE, "<!-- measured: evidence -->"),
    "secret_file": (PAGE, "<!-- measured: secrets -->"),
    "load": (PAGE, "<!-- measured: load -->"),
    "stall": (PAGE, "<!-- measured: stall -->"),
    "migrations": (PAGE, "<!-- measured: migrations -->"),
    "peers": (PAGE, "<!-- measured: peers -->"),
    "docker": (PAGE, "<!-- measured: docker -->"),
    "backups": (PAGE, "<!-- measured: backups -->"),
    "verdicts": (DOCS / "concepts" / "verdicts.md", BEGIN),
}  #: page and mark of what is not written among the others


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = (*NAMES, *ASKED_FOR)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"which ones, of {', '.join(known)}; without: all but the last four"
    )
    parser.add_argument("--write", action="store_true", help="put the tables into the docs")
    given = parser.parse_args()
    unknown = set(given.names) - set(known)
    if unknown:
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    head = f"Measured on {datetime.date.today():%Y-%m-%d}: {machine()}.\n"
    print(head)
    pages: dict[tuple[Path, str], list[str]] = {}
    for name in given.names or NAMES:
        parts = pages.setdefault(APART.get(name, (PAGE, BEGIN)), [head])
        for table in importlib.import_module(name).measure():
            parts.append(table.markdown())
            print(parts[-1], flush=True)
    if given.write:
        for (page, begin), parts in pages.items():
            write(page, begin, "\n".join(parts))


def write(page: Path, begin: str, text: str) -> None:
    """Replace what was measured before."""
    before, _, rest = page.read_text().partition(begin)
    after = rest.partition(END)[2]
    page.write_text(f"{before}{begin}\n{text}{END}{after}")


if __name__ == "__main__":
    sys.exit(main())
