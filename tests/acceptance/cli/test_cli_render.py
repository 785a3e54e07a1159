"""`fairlead render` as a person, a CI job and pre-commit use it."""

import json
import os
import shlex
import shutil
from pathlib import Path

import pytest
from cli_site import FAIRLEAD
from ruamel.yaml import YAML
from tests import warm

ROOT = Path(__file__).parent.parent.parent.parent


@pytest.fixture
def quickstart(tmp_path):
    folder = tmp_path / "quickstart"
    shutil.copytree(ROOT / "examples" / "quickstart", folder, ignore=shutil.ignore_patterns(".venv", "rendered"))
    return folder


def fairlead(folder, *arguments):
    return warm.as_text(warm.fairlead.run([FAIRLEAD, *arguments], cwd=folder, env=os.environ))


def test_render_and_check(quickstart):
    drift = fairlead(quickstart, "render", "local", "--check", "--json")
    assert drift.returncode == 1 and json.loads(drift.stdout)["ok"] is False
    assert not (quickstart / "rendered").exists()
    done = fairlead(quickstart, "render", "local")
    assert done.returncode == 0, done.stderr
    assert "+ wrote traefik/traefik.yml" in done.stdout
    assert fairlead(quickstart, "render", "local", "--check").returncode == 0
    (quickstart / "rendered" / "local" / "supervisord" / "supervisord.conf").write_text("mine\n")
    diff = fairlead(quickstart, "render", "local", "--check", "--diff")
    assert diff.returncode == 1 and "-mine\n+[unix_http_server]" in diff.stdout
    refused = fairlead(quickstart, "render", "local")
    assert refused.returncode == 3 and "supervisord.conf: edited by hand" in refused.stderr
    forced = json.loads(fairlead(quickstart, "render", "local", "--force", "--json").stdout)
    assert forced["environments"]["local"]["written"] == ["supervisord/supervisord.conf"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], 'there is no environment "nowhere"'),
        (["local", "--output", "."], "holds the project itself"),
        ([], "which environment?"),
        (["--output", "there"], "which environment?"),
    ],
)
def test_wrong_calls(quickstart, arguments, said):
    done = fairlead(quickstart, "render", *arguments)
    assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr


def test_the_hook_for_pre_commit(quickstart):
    hooks = YAML(typ="safe").load((ROOT / ".pre-commit-hooks.yaml").read_text())
    hook = next(hook for hook in hooks if hook["id"] == "fairlead-render-check")
    assert hook["language"] == "python" and hook["pass_filenames"] is False
    program, *arguments = shlex.split(hook["entry"])
    assert program == "fairlead"
    assert fairlead(quickstart, "render", "local").returncode == 0
    assert fairlead(quickstart, *arguments).returncode == 0
    file = quickstart / "fairlead.yaml"
    file.write_text(file.read_text().replace("replicas: 2", "replicas: 3"))
    found = fairlead(quickstart, *arguments)
    assert found.returncode == 1 and "+ would write supervisord/programs/rendered.web.3.conf" in found.stdout
    assert "+[program:rendered.web.3]" in found.stdout
