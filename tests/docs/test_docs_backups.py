"""The guide to backups, done word for word: its project, its commands in their order, on a real PostgreSQL."""

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

PAGE = Path(__file__).parents[2] / "docs" / "guides" / "backups.md"


@pytest.fixture
def folder():
    """The project of the page, in a home that other users may pass through, and what its commands run with."""
    if missing(["postgres", "pg_dump"]):
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("PostgreSQL is missing")
    made = Path(tempfile.mkdtemp(prefix="fl-docs-"))
    made.chmod(0o711)
    text = re.search(r"^```yaml\n(.*?)^```$", PAGE.read_text(), re.M | re.S)[1].replace(
        "/srv/backups", f"{made}/backups"
    )
    (made / "fairlead.yaml").write_text(f"name: shop\n{text}environments:\n  local: {{}}\n")
    (made / "app").mkdir()
    (made / "home").mkdir(mode=0o711)
    path = warm.fairlead.on_path(f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    env = {"FAIRLEAD_HOME": str(made / "home"), "PATH": path, "NO_COLOR": "1", "HOME": str(made)}
    subprocess.run(["fairlead", "secrets", "init", "local"], cwd=made, env=env, check=True, capture_output=True)
    yield made, env
    subprocess.run(["fairlead", "stop", "local"], cwd=made, env=env, check=False, capture_output=True)
    shutil.rmtree(made, ignore_errors=True)


def test_the_guide(folder):
    place, env = folder
    commands = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.M | re.S)[0]
    done = subprocess.run(
        ["sh"], input=f"set -ex\n{commands}", cwd=place, env=env, capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "is as it was in" in done.stdout
    assert "1 database dropped" in done.stdout
    assert f"--file {place}/fairlead.yaml" in done.stdout
