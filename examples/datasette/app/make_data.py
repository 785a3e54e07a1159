"""Make the SQLite file that Datasette shows: `python make_data.py FILE`. Running it again changes nothing.

One transaction, so that a Datasette that reads meanwhile sees the table with all its rows or not at all.
"""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

PLANTS = [
    (1, "Monstera", "Monstera deliciosa", 7),
    (2, "Snake plant", "Dracaena trifasciata", 14),
    (3, "Peace lily", "Spathiphyllum wallisii", 4),
    (4, "Spider plant", "Chlorophytum comosum", 7),
    (5, "Jade plant", "Crassula ovata", 21),
]
TABLE = "CREATE TABLE IF NOT EXISTS plants (id INTEGER PRIMARY KEY, name TEXT, latin TEXT, water_days INTEGER)"


def make(file: Path) -> int:
    """Create what is missing in `file`; the number of plants in it."""
    with closing(sqlite3.connect(file, timeout=30, isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        database.execute(TABLE)
        database.executemany("INSERT OR IGNORE INTO plants VALUES (?, ?, ?, ?)", PLANTS)
        database.execute("COMMIT")
        return int(database.execute("SELECT count(*) FROM plants").fetchone()[0])


if __name__ == "__main__":
    file = Path(sys.argv[1])
    print(f"{file}: {make(file)} plants")
