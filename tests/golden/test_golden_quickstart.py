"""What is rendered of the quickstart, byte for byte. `FAIRLEAD_GOLDEN=write` has the files written anew."""

import os
import shutil
from pathlib import Path

from fairlead.operations.render import render
from fairlead.project.loader import load_project

ROOT = Path(__file__).parent.parent.parent
EXPECTED = Path(__file__).parent / "quickstart"


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def test_the_quickstart(tmp_path):
    shutil.copy(ROOT / "examples" / "quickstart" / "fairlead.yaml", tmp_path)
    made = render(load_project(tmp_path / "fairlead.yaml"), "local").folder
    if os.environ.get("FAIRLEAD_GOLDEN") == "write":
        shutil.rmtree(EXPECTED, ignore_errors=True)
        shutil.copytree(made, EXPECTED)
    assert files(made) == files(EXPECTED)
