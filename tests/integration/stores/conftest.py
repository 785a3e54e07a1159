"""A place in which stores run, by each back end; everything of it is gone afterwards."""

import shutil
import tempfile
from pathlib import Path

import pytest
from store_rig import RIGS


@pytest.fixture(scope="session")
def folder():
    """A home that every user may pass through, since PostgreSQL refuses root and runs as another user then."""
    made = Path(tempfile.mkdtemp(prefix="fl-stores-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="session", params=list(RIGS))
def rig(request, folder):
    """One for all tests; each makes stores of names of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAIRLEAD_HOME", str(folder))
        made = RIGS[request.param].make()
    yield made
    made.close()
