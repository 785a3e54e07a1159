import shutil
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from cli_site import Site, held, phases

from fairlead.system.clock import wait_until


def _site():
    root = Path(tempfile.mkdtemp(prefix="fl-"))  # short: a socket's path is
    site = Site(root)
    try:
        yield site
    finally:
        site.close()
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
def site():
    """A project nothing was deployed of."""
    yield from _site()


@pytest.fixture(scope="module")
def shared():
    """A project for all tests of a file, each of which goes on from what those before it have left."""
    yield from _site()


@pytest.fixture
def standing(shared):
    """Version 1 is live in `local`, as the only instance that has traffic. Other tests of the file have used it."""
    shared.clean()
    done = shared.run("deploy", "local")
    assert done.returncode == 0, done.stderr
    return shared


@pytest.fixture(scope="module")
def shop():
    """Versions 1 and 2 were deployed to `local`; tests that share it leave it as it was."""
    for site in _site():
        assert site.run("deploy", "local").returncode == 0
        site.write("2")
        done = site.run("deploy", "local", "--message", "the second")
        assert done.returncode == 0, done.stderr
        assert wait_until(lambda site=site: phases(site) == {"running"}, 120, 0.2)
        assert wait_until(lambda site=site: not held(site), 120, 0.2)
        yield site
