"""The guide to images: its projects load, and its commands run against a real engine and registry."""

import os
import re
import sys
from pathlib import Path

import pytest
from tests import warm
from tests.registries import registry, unique

from fairlead.project.project import parse_project

PAGE = (Path(__file__).parents[2] / "docs" / "guides" / "images.md").read_text("utf-8")
PROJECTS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.M | re.S)
COMMANDS = [line for block in re.findall(r"^```sh\n(.*?)^```$", PAGE, re.M | re.S) for line in block.splitlines()]
FAIRLEAD = Path(sys.executable).with_name("fairlead")
DOCKERFILE = """\
FROM fairlead-test/tiny
ARG NODE_ENV
RUN --mount=type=secret,id=NPM_TOKEN,uid=65534 busybox wc -c /run/secrets/NPM_TOKEN
"""


@pytest.mark.parametrize("text", PROJECTS)
def test_its_projects_load(text, tmp_path):
    assert parse_project(text, tmp_path).environments == ("production",)


def test_its_commands_run(need, docker_engine, tmp_path):
    need("docker-registry")
    name = unique("shop")
    assert len(COMMANDS) == 3
    with registry(tmp_path / "registry") as address:
        text = PROJECTS[0].replace("ghcr.io", address).replace("name: shop", f"name: {name}")
        (tmp_path / "fairlead.yaml").write_text(f"{text}secret_backend: environment\n")
        (tmp_path / "api").mkdir()
        (tmp_path / "api" / "Dockerfile").write_text(DOCKERFILE)
        env = os.environ | {"FAIRLEAD_HOME": str(tmp_path / "home"), "NPM_TOKEN": "a-token-of-npm"}
        try:
            for command in COMMANDS:
                argv = [FAIRLEAD, *command.split()[1:]]
                done = warm.as_text(warm.fairlead.run(argv, cwd=tmp_path, env=env))
                assert done.returncode == 0, done.stderr
                assert f"{address}/acme/{name}-api:content-" in done.stdout
            assert "pushed" in done.stdout and "sha256:" in done.stdout
        finally:
            docker_engine.remove(name)
