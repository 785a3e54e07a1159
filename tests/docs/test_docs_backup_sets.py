"""The guide to recovery sets, done word for word: its project, its commands in their order, on a real Redis."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from tests import warm

from fairlead.stores.programs import missing

pytestmark = pytest.mark.real
PAGE = Path(__file__).parents[2] / "docs" / "guides" / "backup-sets.md"


@pytest.fixture
def folder():
    """The project of the page, and what its commands run with."""
    if missing(["redis-server", "redis-check-rdb"]):
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("Redis is missing")
    made = Path(tempfile.mkdtemp(prefix="fl-docs-"))
    text = re.search(r"^```yaml\n(.*?)^```$", PAGE.read_text(), re.M | re.S)[1].replace("/srv", f"{made}/srv")
    (made / "fairlead.yaml").write_text(f"name: shop\n{text}environments:\n  local: {{}}\n")
    (made / "app").mkdir()
    (made / "srv" / "shop" / "uploads").mkdir(parents=True)
    (made / "srv" / "shop" / "uploads" / "one").write_text("one")
    path = warm.fairlead.on_path(f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    env = {"FAIRLEAD_HOME": str(made / "home"), "PATH": path, "NO_COLOR": "1", "HOME": str(made)}
    subprocess.run(["fairlead", "secrets", "init", "local"], cwd=made, env=env, check=True, capture_output=True)
    yield made, env
    subprocess.run(["fairlead", "stop", "local"], cwd=made, env=env, check=False, capture_output=True)
    shutil.rmtree(made, ignore_errors=True)


def test_the_guide(folder):
    place, env = folder
    commands = re.search(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.M | re.S)[1]
    done = subprocess.run(
        ["sh"], input=f"set -ex\n{commands}", cwd=place, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("is as it was in") == 3
    assert "recovery sets" in done.stdout
    assert "folder dropped" in done.stdout
    assert (place / "srv" / "shop" / "uploads" / "one").read_text() == "one"
