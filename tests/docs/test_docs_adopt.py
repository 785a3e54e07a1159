"""The guide on bringing what there is: its files written, its commands typed one after the other."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests import warm

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "adopt.md"


def block(text, mark):
    return re.search(rf"```{re.escape(mark)}\n(.*?)```", text, re.S)[1]


def test_the_guide_on_bringing_what_there_is(tmp_path):
    text = GUIDE.read_text("utf-8")
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "compose.yaml").write_text(block(text, "yaml compose"))
    (folder / ".env").write_text(block(text, "text .env"))
    path = warm.fairlead.on_path(f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    env = {"PATH": path, "HOME": str(tmp_path)}
    said = ""
    for lines in re.findall(r"```sh\n(.*?)```", text, re.S):
        for line in lines.splitlines():
            done = subprocess.run(["sh", "-c", line], cwd=folder, env=env, capture_output=True, text=True, check=False)
            assert done.returncode == 0, (line, done.stdout, done.stderr)
            said += done.stdout
    assert block(text, "text said") in said
    assert "a-long-one" not in said + (folder / "fairlead.yaml").read_text()
    assert "POSTGRES_PASSWORD" in (folder / "rendered" / "local" / "compose.yaml").read_text()
