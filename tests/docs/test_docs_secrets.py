"""The commands of the guide on secrets, typed one after the other in a folder with its project file."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests import warm

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "secrets.md"
SERVICES = "services: {web: {source: ./web, command: sleep 1}}\n"


def test_the_guide_on_secrets(tmp_path, need):
    need("git")
    text = GUIDE.read_text("utf-8")
    folder = tmp_path / "shop"
    (folder / "web").mkdir(parents=True)
    (folder / "fairlead.yaml").write_text("name: shop\n" + SERVICES + re.search(r"```yaml\n(.*?)```", text, re.S)[1])
    value = "smtp-1-9Zq8LmX4"
    (folder / "smtp.txt").write_text(f"{value}\n")
    (folder / ".env.production").write_text(f"SMTP_PASSWORD='{value}'\n")
    path = warm.fairlead.on_path(f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    env = {"PATH": path, "HOME": str(tmp_path)}

    def run(line, code=0):
        done = subprocess.run(["sh", "-c", line], cwd=folder, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == code, (line, done.stdout, done.stderr)
        return done

    run("git init -q && git config user.name x && git config user.email x@example.com")
    blocks = re.findall(r"```sh\n(.*?)```", text, re.S)
    lines = [line for block in blocks for line in block.splitlines() if not line.startswith("pip ")]
    assert len(lines) > 10
    for line in lines:
        if "check" in line and "production" not in line:
            run("fairlead secrets init staging && fairlead secrets set staging SMTP_PASSWORD --from smtp.txt")
            run("git add -A && git commit -qm begin")
        run(line)
    assert "smtp-1" not in run("cat secrets/production.yaml").stdout
    assert run("fairlead secrets push github production").stdout.count(" | gh secret set ") == 3
