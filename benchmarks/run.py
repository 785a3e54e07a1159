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

NAMES = ("startup", "deploy", "rollback", "memory", "nginx")
PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
BEGIN, END = "<!-- measured -->", "<!-- end -->"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which ones, of {', '.join(NAMES)}; all without")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {PAGE.name}")
    given = parser.parse_args()
    unknown = set(given.names) - set(NAMES)
    if unknown:
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    parts = [f"Measured on {datetime.date.today():%Y-%m-%d}: {machine()}.\n"]
    print(parts[0])
    for name in given.names or NAMES:
        for table in importlib.import_module(name).measure():
            parts.append(table.markdown())
            print(parts[-1], flush=True)
    if given.write:
        write("\n".join(parts))


def write(text: str) -> None:
    """Replace what was measured before."""
    page = PAGE.read_text()
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n{text}{END}{after}")


if __name__ == "__main__":
    sys.exit(main())
