"""The demo where nothing of Linux can be asked: no Mac is at hand, so this is as near as one gets to macOS.

The kernel is Linux', hidden: `/proc` is empty, `ps` and `netstat` are strict doubles that answer what Fairlead asks in
the form of macOS (tests/macos), and this Python has lost what only Linux has. What the kernel of macOS does otherwise
with sockets, signals and files is not proven by this.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fairlead.edges.traefik.edge import traefik_binary

HERE = Path(__file__).parents[2] / "macos"
HIDE = 'mount --bind /proc "$HIDDEN_PROC" && mount -t tmpfs none /proc && exec "$@"'
#: Traefik's own measures come from `/proc` here, and from the kernel on macOS (client_golang from 1.21 on)
SEES = """\
#!/bin/sh
exec unshare --mount --propagation private sh -c 'umount /proc && exec "$0" "$@"' {} "$@"
"""

pytestmark = [pytest.mark.real, pytest.mark.long(seconds=70)]


@pytest.fixture
def python(tmp_path):
    """A virtual environment with all of this one, and a Python that has lost what is Linux' own."""
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    packages = next(venv.glob("lib/python*/site-packages"))
    (packages / "all.pth").write_text("\n".join(path for path in sys.path if path.endswith(("-packages", "/src"))))
    shutil.copy(HERE / "sitecustomize.py", packages)
    traefik = venv / "bin" / "traefik"
    traefik.write_text(SEES.format(shlex.quote(traefik_binary())))
    traefik.chmod(0o755)
    return venv / "bin" / "python"


@pytest.fixture
def on_macos(need, tmp_path):
    """Run a command to its end with /proc hidden; what `subprocess.run` gives."""
    if os.geteuid() != 0:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("hiding /proc needs root")
    need("unshare")
    hidden, programs = tmp_path / "proc", tmp_path / "bin"
    hidden.mkdir()
    programs.mkdir()
    for double in (
        HERE / "programs"
    ).iterdir():  # by its path: this Python may be one that a script looks for at each start
        (programs / double.stem).write_text(f"#!{os.path.realpath(sys.executable)} -IS\n{double.read_text()}")
        (programs / double.stem).chmod(0o755)
    paths = f"{programs}:{os.environ['PATH']}"
    env = {**os.environ, "HIDDEN_PROC": str(hidden), "PATH": paths, "TMPDIR": str(tmp_path)}

    def run(*argv):
        whole = ["unshare", "--mount", "--propagation", "private", "sh", "-c", HIDE, "sh", *map(str, argv)]
        return subprocess.run(whole, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=900, check=False)

    return run


def test_nothing_is_lost_and_nothing_left(on_macos, python, tmp_path):
    lacking = on_macos(python, "-c", "import os, select; print(os.listdir('/proc'), hasattr(os, 'pidfd_open'))")
    assert lacking.stdout == "[] False\n", lacking.stderr
    before = set(tmp_path.iterdir())
    done = on_macos(python, "-I", "-m", "fairlead", "demo", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["ok"], report["lost"], report["websockets_cut"], report["left_running"]) == (True, 0, 0, 0)
    assert report["ledger_verified"]
    assert report["rolled_back_seconds"] > 0
    assert set(tmp_path.iterdir()) == before
