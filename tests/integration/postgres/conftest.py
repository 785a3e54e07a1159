"""Databases of a real PostgreSQL, and a small world to migrate them in."""

import pytest
from postgres_site import Site


@pytest.fixture
def site(postgres, tmp_path, request):
    """One new database, and an empty folder of migrations for it."""
    made = len(postgres.names)
    yield Site(postgres, postgres.new(request.node.name), tmp_path / "db")
    postgres.drop_since(made)
