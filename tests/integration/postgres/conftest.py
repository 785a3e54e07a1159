"""Databases of a real PostgreSQL, and a small world to migrate them in."""

import shutil
import tempfile
from pathlib import Path

import pytest
from postgres_site import Site


@pytest.fixture
def site(postgres, tmp_path, request):
    """One new database, and an empty folder of migrations for it."""
    made = len(postgres.names)
    yield Site(postgres, postgres.new(request.node.name), tmp_path / "db")
    postgres.drop_since(made)


@pytest.fixture
def made(postgres, request, monkeypatch):
    """Makes a site with so many databases."""
    from rollout_site import RolloutSite  # noqa: PLC0415 — the tests of deployments alone need it

    there, root = len(postgres.names), Path(tempfile.mkdtemp(prefix="fl-rollout-"))
    root.chmod(0o711)  # whoever runs the copy of a rehearsal gets to it
    (root / "home").mkdir(mode=0o711)

    def make(number=1):
        sites = [Site(postgres, postgres.new(request.node.name), root / f"db{one}") for one in range(number)]
        return RolloutSite(root, sites, monkeypatch)

    yield make
    postgres.drop_since(there)
    shutil.rmtree(root)
