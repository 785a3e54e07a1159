"""The way to a server is that of OpenSSH: by another machine, with a key that lies in an agent alone."""

import getpass
import subprocess
from contextlib import contextmanager

import pytest
from tests.sshd import CLIENT, Sshd, keygen

from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real
FORKS = True

CONFIG = """\
Host jump
  Port {jump}
Host shop
  Port {shop}
  ProxyJump jump
Host *
  HostName 127.0.0.1
  User {user}
  UserKnownHostsFile {folder}/known
  GlobalKnownHostsFile /dev/null
  IdentityAgent {folder}/agent
  IdentityFile {folder}/held.pub
  IdentitiesOnly yes
"""


@contextmanager
def agent(folder, key):
    """One that has this key, of which no file is left."""
    path = folder / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", path], stdout=subprocess.DEVNULL)
    try:
        assert wait_until(lambda: _takes(path, key), 60)
        key.unlink()
        yield path
    finally:
        process.terminate()
        process.wait(60)


def _takes(path, key):
    """Whether it listens yet, and has the key then."""
    env = {"SSH_AUTH_SOCK": str(path), "PATH": "/usr/bin:/bin"}
    return subprocess.run(["ssh-add", "-q", key], env=env, capture_output=True, check=False).returncode == 0


@pytest.fixture
def jump(site):
    found = Sshd(site.root / "jump", {"HERE": "jump"})
    try:
        yield found
    finally:
        found.close()


def test_by_a_jump_host_with_a_key_of_an_agent(site, jump):
    folder = site.root / "way"
    folder.mkdir()
    keygen(folder / "held")
    for one in (jump, site.sshd):
        with open(one.folder / "authorized_keys", "a") as file:
            file.write((folder / "held.pub").read_text())
    known = ((one.port, one.folder / "host_key.pub") for one in (jump, site.sshd))
    (folder / "known").write_text("".join(f"[127.0.0.1]:{port} {path.read_text()}" for port, path in known))
    said = {"jump": jump.port, "shop": site.sshd.port, "user": getpass.getuser(), "folder": folder}
    (folder / "way.config").write_text(CONFIG.format(**said))
    program = folder / "ssh"
    program.write_text(CLIENT.format(folder=folder, name="way"))
    program.chmod(0o755)
    site.edit(site.address, "shop")  # a name of that configuration, and nothing else
    with agent(folder, folder / "held"):
        done = site.run("status", "local", FAIRLEAD_SSH=str(program))
        assert done.returncode == 0 and "nothing was ever deployed" in done.stdout, done.stderr
        done = site.run("doctor", "local", "--json", FAIRLEAD_SSH=str(program))  # the project's files take that way too
        assert done.returncode == 0, done.stderr
    assert (jump.folder / "log").read_text().count("Accepted publickey") == 2
    done = site.run("status", "local", FAIRLEAD_SSH=str(program))
    assert done.returncode == 1 and "does not let us in" in done.stderr  # the agent is gone
