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
