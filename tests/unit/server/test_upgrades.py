"""A keeper makes room for one of the Fairlead that is installed now."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import fairlead
from fairlead.ledger import Ledger
from fairlead.rollout.state import STOPPED
from fairlead.server.installed import Installed
from fairlead.system.home import Place

KEEP = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from fairlead.server.keeper import serve
from fairlead.system.home import Place
serve(Place(Path(sys.argv[2])), supervised=True)
"""


def test_a_keeper_ends_when_another_fairlead_was_installed(tmp_path: Path) -> None:
    copy = shutil.copytree(Path(fairlead.__file__).parent, tmp_path / "packages" / "fairlead")
    place = Place(tmp_path / "shop" / "live")
    place.create()
    with Ledger.open(place.ledger) as ledger:
        ledger.append(STOPPED, {"live": None})
    argv = [sys.executable, "-c", KEEP, str(copy.parent), str(place.root)]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as keeper:
        try:
            assert keeper.stderr is not None
            assert "keeping shop/live" in keeper.stderr.readline()
            os.utime(copy / "__init__.py")
            said = keeper.communicate(timeout=300)[1]
        finally:
            keeper.kill()
    assert "another Fairlead was installed" in said
    assert keeper.returncode == 0


def test_one_that_is_taken_away_is_no_other(tmp_path: Path, monkeypatch) -> None:
    file = tmp_path / "__init__.py"
    file.touch()
    monkeypatch.setattr(fairlead, "__file__", str(file))
    installed = Installed()
    assert not installed.changed()
    file.unlink()
    assert not installed.changed()
    file.touch()
    os.utime(file, (1, 1))
    assert installed.changed()
