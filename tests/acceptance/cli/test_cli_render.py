"""`fairlead render` as a person and a CI job use it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent.parent


@pytest.fixture
def quickstart(tmp_path):
    folder = tmp_path / "quickstart"
    shutil.copytree(ROOT / "examples" / "quickstart", folder, ignore=shutil.ignore_patterns(".venv", "rendered"))
    return folder


def fairlead(folder, *arguments):
    command = [Path(sys.executable).with_name("fairlead"), *arguments]
    return subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True, timeout=60)


def test_render_and_check(quickstart):
    drift = fairlead(quickstart, "render", "local", "--check", "--json")
    assert drift.returncode == 1 and "compose.yaml" not in drift.stdout
    assert json.loads(drift.stdout)["ok"] is False and not (quickstart / "rendered").exists()
    done = fairlead(quickstart, "render", "local")
    assert done.returncode == 0, done.stderr
    assert "+ wrote traefik/traefik.yml" in done.stdout
    assert fairlead(quickstart, "render", "local", "--check").returncode == 0
    (quickstart / "rendered" / "local" / "supervisord" / "supervisord.conf").write_text("mine\n")
    diff = fairlead(quickstart, "render", "local", "--check", "--diff")
    assert diff.returncode == 1 and "-mine\n+[unix_http_server]" in diff.stdout
    refused = fairlead(quickstart, "render", "local")
    assert refused.returncode == 3 and "supervisord.conf: edited by hand" in refused.stderr
    assert "Traceback" not in refused.stderr
    forced = json.loads(fairlead(quickstart, "render", "local", "--force", "--json").stdout)
    assert forced["written"] == ["supervisord/supervisord.conf"]
    assert fairlead(quickstart, "render", "nowhere").returncode == 2
    wrong = fairlead(quickstart, "render", "local", "--output", ".")
    assert wrong.returncode == 2 and "holds the project itself" in wrong.stderr
