"""What the command line imports before it knows what is wanted: start-up is part of the product."""

import os
import subprocess
import sys

import pytest

HEAVY = ("pydantic", "httpx", "ruamel", "rich", "jinja2", "asyncio", "ssl", "jsonschema")


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("deploy", "--help")], ids=" ".join)
def test_nothing_heavy_is_imported(arguments):
    argv = [sys.executable, "-X", "importtime", "-m", "fairlead", *arguments]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env={**os.environ, "NO_COLOR": "1"})
    assert done.returncode == 0, done.stderr[-500:]
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "fairlead" in imported
    assert imported & set(HEAVY) == set()


def test_a_rollback_on_docker_loads_nothing_heavy():
    """Users wait for it: the engine is asked over its socket, the ledger is read with Python's own SQLite."""
    heavy = {
        "docker",
        "requests",
        "urllib3",
        "sqlalchemy",
        "pydantic",
        "httpx",
        "jinja2",
        "cryptography",
        "rich",
        "asyncio",
    }
    code = """
import sys
import fairlead.cli.main, fairlead.cli.rollback, fairlead.cli.outcome
import fairlead.operations.rollback, fairlead.ledger.store
from fairlead.edges.table import edge_of
from fairlead.operations.images import image_store
from fairlead.runtimes.table import runtime_of
from fairlead.system.home import Place
place = Place.of("shop", "local")
runtime_of("docker", place), edge_of("docker", place), image_store(place)
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & heavy == set()
