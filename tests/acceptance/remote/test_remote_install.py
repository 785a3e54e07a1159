"""Fairlead is installed on a host that has none, from the one that runs here."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest
from remote_site import RemoteSite

from fairlead import __version__

pytestmark = [pytest.mark.real, pytest.mark.long(seconds=60)]


@pytest.fixture
def bare(site):
    """A host that has a Python, what this machine's pip is told of its index, and nothing else."""
    root = Path(tempfile.mkdtemp(prefix="fl-"))
    told = {name: value for name, value in os.environ.items() if name.startswith("PIP_") and " " not in value}
    found = RemoteSite(root, f"{Path(sys.base_prefix) / 'bin'}:/usr/bin:/bin", told)
    try:
        yield found
    finally:
        found.close()
        shutil.rmtree(root, ignore_errors=True)


def test_a_host_without_fairlead_gets_it(bare):
    site = bare
    done = site.run("deploy", "local")
    assert done.returncode == 1 and "has no fairlead" in done.stderr
    plan = site.json("host", "install", "local", "--plan")
    assert len(plan["steps"]) == 4 and not (site.root / "user" / ".local").exists()
    done = site.run("host", "install", "local")
    assert done.returncode == 0, done.stderr
    assert f"now has fairlead {__version__}" in done.stdout
    assert "fairlead secrets recipients add local age1" in done.stdout
    again = site.json("host", "install", "local")
    assert again["steps"] == [] and not again["key"]["made"]
    assert site.json("host", "install", "local", "--plan")["steps"] == []
    done = site.run("deploy", "local")
    assert done.returncode == 0, done.stderr
    status = site.json("status", "local")["environments"][0]
    assert status["parts"] == {"supervisor": True, "keeper": True, "edge": True}
    keeper = (site.root / "user" / ".local" / "share" / "fairlead" / "venv" / "bin" / "fairlead").resolve()
    assert keeper.exists()
