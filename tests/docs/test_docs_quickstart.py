"""The quickstart, done word for word: every command of the page, in its order."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests import warm

from fairlead.demo.sandbox import free_port

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "quickstart.md"


@pytest.fixture
def place(tmp_path):
    """A folder with the examples, a free port in place of 8080, and a home of its own; nothing runs on afterwards."""
    shutil.copytree(ROOT / "examples", tmp_path / "clone" / "examples", symlinks=False)
    port = str(free_port())
    file = tmp_path / "clone" / "examples" / "quickstart" / "fairlead.yaml"
    file.write_text(file.read_text().replace("8080", port))
    path = warm.fairlead.on_path(f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    env = {**os.environ, "FAIRLEAD_HOME": str(tmp_path / "home"), "PATH": path, "NO_COLOR": "1"}
    yield tmp_path / "clone", port, env
    if (tmp_path / "quickstart").exists():
        subprocess.run(["fairlead", "stop", "local"], cwd=tmp_path / "quickstart", env=env, check=False)


def test_the_quickstart(place, need):
    need("curl")
    clone, port, env = place
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    assert "make setup" in blocks[0]  # what runs the tests has it already
    script = "set -ex\n" + "".join(blocks[1:]).replace("8080", port)
    done = subprocess.run(
        ["sh"],
        input=script.replace("curl ", "curl -fsS "),
        cwd=clone,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    answers = re.findall(r"^hello from version (\d+)$", done.stdout, re.M)
    assert answers[1:] == ["2", answers[0]], said
    assert f"+ curl -fsS http://127.0.0.1:{port}/" in done.stderr
    assert "0 lost" in said
