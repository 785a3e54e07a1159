import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))
sys.path.insert(0, str(Path(__file__).parent))
from remote_site import RemoteSite
from tests.sshd import sshd_program


@pytest.fixture
def site(request):
    """A project nothing was deployed of, whose environments run on a host behind a real sshd."""
    if sshd_program() is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("sshd is missing: openssh-server")
    root = Path(tempfile.mkdtemp(prefix="fl-"))  # short: a socket's path is
    site = RemoteSite(root, forks=getattr(request.module, "FORKS", False))
    try:
        yield site
    finally:
        site.close()
        shutil.rmtree(root, ignore_errors=True)
