"""The commands of the guide on servers, typed one after the other, against a real sshd."""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from tests.sshd import sshd_program

TESTS = Path(__file__).parents[1]
GUIDE = TESTS.parent / "docs" / "guides" / "remote.md"
for name in ("cli", "remote"):
    sys.path.append(str(TESTS / "acceptance" / name))

pytestmark = pytest.mark.real


def test_the_guide_on_servers(need):
    from remote_site import RemoteSite  # noqa: PLC0415 — beside other tests

    need("ssh-keygen")
    if sshd_program() is None:
        pytest.skip("sshd is missing: openssh-server")  # tests/acceptance/remote fails in CI
    text = GUIDE.read_text("utf-8")
    root = Path(tempfile.mkdtemp(prefix="fl-"))
    site = RemoteSite(root, forks=True)
    try:
        own = (site.folder / "fairlead.yaml").read_text().partition("environments:")[0]
        shown = re.search(r"```yaml\n(environments:.*?)```", text, re.S)[1]
        shown = shown.replace("ssh://deploy@shop.example.com", site.address).replace(
            "http: 80}", f"http: {site.port}}}"
        )
        (site.folder / "fairlead.yaml").write_text(own + shown)
        env = site.env | {"PATH": site.forking}
        said = {}
        lines = [line for block in re.findall(r"```sh\n(.*?)```", text, re.S) for line in block.splitlines()]
        assert len(lines) > 7
        for line in lines:
            if line == "fairlead host install production":
                continue  # minutes long; tests/acceptance/remote runs it
            if "rollback" in line:
                path = site.folder / "fairlead.yaml"
                path.write_text(
                    path.read_text().replace("version 1", "version 2").replace('VERSION: "1"', 'VERSION: "2"')
                )
                run(site, env, "fairlead deploy production")
            said[line] = run(site, env, line)
        assert "is live" in said["fairlead status production"]
        assert said["fairlead host key production ci.pub"].startswith('restrict,command="')
        assert "send fairlead-" in said["fairlead host install production --plan"]
        assert site.on_host("stop", "production", "--yes").returncode == 0
    finally:
        site.close()
        shutil.rmtree(root, ignore_errors=True)


def run(site, env, line):
    done = subprocess.run(
        ["sh", "-c", line], cwd=site.folder, env=env, capture_output=True, text=True, check=False, timeout=300,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, (line, done.stdout, done.stderr)
    return done.stdout
