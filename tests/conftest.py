"""What the whole suite shares: which of the long tests run, and what a missing program means."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def pytest_addoption(parser):
    parser.addoption(
        "--sample-long",
        type=int,
        default=0,
        metavar="N",
        help="run N of the long tests too: others for each commit, the same ones whenever that commit is tested",
    )


def pytest_collection_modifyitems(config, items):
    """Leave long tests out unless -m asks for them or they are in the sample."""
    if "long" in (config.option.markexpr or ""):
        return
    long = [item for item in items if item.get_closest_marker("long")]
    key = _commit()
    chosen = sorted(long, key=lambda item: hashlib.sha256(f"{key} {item.nodeid}".encode()).digest())
    left_out = set(chosen[config.option.sample_long :])
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=sorted(left_out, key=lambda item: item.nodeid))


def _commit():
    argv = ["git", "-C", str(ROOT), "rev-parse", "HEAD"]
    try:
        return subprocess.run(argv, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""


@pytest.fixture(scope="session")
def need():
    """`need("node")`: its path. Where it is missing the test is skipped, in CI it fails."""

    def need(program):
        found = shutil.which(program)
        if found:
            return found
        if os.environ.get("CI") == "true":
            pytest.fail(f"{program} is missing")
        pytest.skip(f"{program} is missing")

    return need
