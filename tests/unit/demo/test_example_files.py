"""The script that makes the data of the Datasette example."""

import sqlite3
import subprocess
import sys

from app_servers import ROOT


def test_datasette_data_is_made_once(tmp_path):
    """A second run changes nothing, and what a user changed meanwhile stays."""
    file = tmp_path / "plants.db"
    command = [sys.executable, ROOT / "examples" / "datasette" / "app" / "make_data.py", file]
    for _ in range(2):
        ended = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
        assert ended.stdout == f"{file}: 5 plants\n"
        with sqlite3.connect(file) as database:
            database.execute("UPDATE plants SET water_days = 99 WHERE id = 1")
    with sqlite3.connect(file) as database:
        assert database.execute("SELECT water_days FROM plants ORDER BY id").fetchall()[:2] == [(99,), (14,)]
