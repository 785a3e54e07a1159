"""A place in which stores run, by each back end; everything of it is gone afterwards."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from store_rig import ProcessRig


@pytest.fixture(scope="module")
def folder():
    """A home that every user may pass through, since PostgreSQL refuses root and runs as another user then."""
    made = Path(tempfile.mkdtemp(prefix="fl-stores-"))
    made.chmod(0o711)
    before = os.environ.get("FAIRLEAD_HOME")
    os.environ["FAIRLEAD_HOME"] = str(made)
    yield made
    os.environ.pop("FAIRLEAD_HOME")
    if before is not None:
        os.environ["FAIRLEAD_HOME"] = before
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module", params=["process"])
def rig(request, folder):
    """One for the tests of a module; each makes stores of names of its own."""
    made = ProcessRig.make(folder)
    yield made
    made.close()
