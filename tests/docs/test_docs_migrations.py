"""The guide to migrations, done word for word: its files, its commands in their order, on a real PostgreSQL."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from tests import warm

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "guides" / "migrations.md"
BASE = ROOT / "examples" / "quickstart" / "fairlead.yaml"

pytestmark = pytest.mark.real


@pytest.fixture
def folder(tmp_path, postgres):
    """The project of the page, in a folder, and what its commands run with; PostgreSQL's user gets into its home."""
    page = PAGE.read_text()
    text = BASE.read_text() + re.search(r"^```yaml\n(.*?)^```$", page, re.M | re.S)[1]
    (tmp_path / "fairlead.yaml").write_text(text)
    (tmp_path / "app").mkdir()
    files = re.findall(r"^`([\w/.]+\.sql)`:\n\n```sql\n(.*?)^```$", page, re.M | re.S)
    assert len(files) == 3
    for name, sql in files:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(sql)
    path = warm.fairlead.on_path(f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    home = Path(tempfile.mkdtemp(prefix="fl-docs-"))
    home.chmod(0o711)
    env = {"FAIRLEAD_HOME": str(home), "PATH": path, "NO_COLOR": "1", "HOME": str(tmp_path)}
    yield tmp_path, env | {"DATABASE_URL": postgres.url(postgres.new("guide"))}
    shutil.rmtree(home, ignore_errors=True)


def test_the_guide(folder):
    place, env = folder
    (commands,) = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    done = subprocess.run(
        ["sh"], input=f"set -ex\n{commands}", cwd=place, env=env, capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "it cannot be undone: there is no U file [no-undo]" in done.stdout
    assert "CREATE INDEX CONCURRENTLY orders_customer ON orders (customer);" in done.stdout
    assert "SHARE UPDATE EXCLUSIVE: others go on; outside of a transaction" in done.stdout
    assert "db.shop, from the database as it is: fit" in done.stdout
    assert "pg_stat_statements is not there" in done.stdout
    assert "1: none" in done.stdout
    assert "2: lossless\n" in done.stdout
    assert re.search(r"✓ db\.shop 127\.0\.0\.1:\d+/guide_\d+: 2 files in .*, at version 2", done.stdout), said
    assert "✓ db.shop" in done.stdout.splitlines()[-1]
    assert env["DATABASE_URL"] not in said
