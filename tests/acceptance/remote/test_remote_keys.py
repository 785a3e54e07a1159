"""What a deploy key must not: all but typed operations of one environment. And hosts that are not what they seem."""

import json
import os
import subprocess

import pytest
from tests.hostile import MESSAGES, run
from tests.sshd import keygen

from fairlead import __version__
from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real
FORKS = True  # see RemoteSite

SPOT_CHECKS = (
    "oversized",
    "unknown command",
    "tar with ..",
    "promote from elsewhere",
)  #: all of them are in the unit tests


def allow(site, options):
    keygen(site.sshd.folder / "ci")
    site.sshd.allow("ci", options)


def test_a_deploy_key_does_one_thing(site):
    line = site.run("host", "key", "local", str(site.sshd.folder / "user.pub"))
    assert line.returncode == 0, line.stderr
    options = line.stdout.partition(" ssh-ed25519")[0]
    assert "--may" not in options and "--allow-root" not in options
    words = ("--approve", "--may", "db status", "--allow-root")
    more = site.run("host", "key", "local", str(site.sshd.folder / "user.pub"), *words).stdout
    rights = " --may db-status --may approve --may promote --allow-root"
    assert more.partition(" ssh-ed25519")[0] == f'{options[:-1]}{rights}"'
    wrong = site.run("host", "key", "local", str(site.sshd.folder / "user.pub"), "--may", "db-statsu")
    assert wrong.returncode == 2 and "did you mean" in wrong.stderr
    assert options.startswith('restrict,command="') and "serve-ssh local --project shop" in options
    allow(site, options)
    site.edit("runtime: process", "runtime: docker")
    site.edit("    port: 8000\n", "    port: 8000\n    image: acme/x\n    volumes: ['/:/host']\n")
    done = site.run("deploy", "local", FAIRLEAD_SSH=str(site.sshd.client("ci")))
    assert done.returncode == 3 and "web: volume /:/host: a folder of the machine" in done.stderr, done.stderr
    site.write()
    if os.geteuid() == 0:  # whose processes have the machine
        done = site.run("deploy", "local", FAIRLEAD_SSH=str(site.sshd.client("ci")))
        assert done.returncode == 3 and "could take the machine" in done.stderr and "--allow-root" in done.stderr
        authorized = site.sshd.folder / "authorized_keys"
        authorized.write_text(authorized.read_text().replace(options, f'{options[:-1]} --allow-root"'))
    ci = {"FAIRLEAD_SSH": str(site.sshd.client("ci"))}
    done = site.run("deploy", "local", **ci)  # what it is for
    assert done.returncode == 0, done.stderr
    done = site.run("approve", "local", **ci)
    assert done.returncode == 3 and "and not approve" in done.stderr and "--may approve" in done.stderr, done.stderr
    assert "not approve" in (site.there / "remote.log").read_text()
    for words in (("stop", "local", "--yes"), ("db", "undo", "local", "--yes")):  # all of them are in the unit tests
        done = site.run(*words, **ci)
        verb = " ".join(words[: words.index("local")])
        assert done.returncode == 3 and f"and not {verb}" in done.stderr, (words, done.stderr)
    done = site.run("status", "next", **ci)
    assert done.returncode == 3 and "for local alone, not for next" in done.stderr
    site.edit("name: shop", "name: other")
    done = site.run("status", "local", **ci)
    assert done.returncode == 3 and "not of other" in done.stderr
    site.write()

    for words in (("exec", "local", "web", "--", "id"), ("shell", "local", "web")):
        done = site.run(*words, **ci)
        assert done.returncode == 3 and "uid=" not in done.stdout and "runs fairlead alone" in done.stdout, done

    key = dict(name="ci")
    log = site.there / "remote.log"
    for what in (["127.0.0.1"], ["127.0.0.1", "sh -c id"], ["127.0.0.1", "fairlead serve-ssh local; id"],
                 ["127.0.0.1", "fairlead serve-ssh next --project shop"], ["-s", "127.0.0.1", "sftp"]):  # fmt: skip
        before = log.read_text().count("\n")
        done = site.sshd.ssh(*what, **key)
        assert done.returncode == 3, (what, done)
        assert b"uid=" not in done.stdout
        assert log.read_text().count("\n") == before + 1, what
    target = site.root / "copied"
    assert site.sshd.ssh("127.0.0.1:/etc/hostname", str(target), program="scp", **key).returncode != 0
    assert site.sshd.ssh(
        "-O", str(site.folder / "fairlead.yaml"), f"127.0.0.1:{target}", program="scp", **key
    ).returncode
    assert site.sshd.ssh("127.0.0.1", program="sftp", data=b"pwd\n", **key).returncode != 0
    assert not target.exists()
    done = site.sshd.ssh("-W", f"127.0.0.1:{site.port}", "127.0.0.1", **key)
    assert done.returncode != 0 and b"administratively prohibited" in done.stderr
    back = ["-o", "ExitOnForwardFailure=yes", "-R", f"0:127.0.0.1:{site.port}"]
    done = site.sshd.ssh(*back, "127.0.0.1", "fairlead serve-ssh local --project shop", **key)
    assert done.returncode == 255 and b"remote port forwarding failed" in done.stderr, done
    _nothing_of_ours_goes_along(site)
    done = site.sshd.ssh("-tt", "127.0.0.1", "fairlead serve-ssh local --project shop", data=run(), **key)
    assert b"PTY allocation request failed" in done.stderr

    for name in SPOT_CHECKS:
        message, why = MESSAGES[name]
        done = site.sshd.ssh("127.0.0.1", "fairlead serve-ssh local --project shop", data=message, **key)
        assert done.returncode == 3 or done.returncode == 1, (name, done)
        last = [json.loads(one) for one in done.stdout.splitlines()][-2]
        assert why in last["error"]["message"], (name, last)
        assert why.encode("ascii", "replace").decode() in log.read_text().splitlines()[-1], name
    assert "Traceback" not in log.read_text()
    assert sorted(path.name for path in site.there.iterdir() if path.is_dir()) == ["ports", "shop"]
    assert not (site.there / "shop" / "next").exists()


def _nothing_of_ours_goes_along(site):
    """Neither an agent nor a display: what a session has is shown by one whose line begins as that of our keys."""
    keygen(site.sshd.folder / "shows")
    site.sshd.allow("shows", 'restrict,command="env"')
    path = site.root / "agent"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", path], stdout=subprocess.DEVNULL)
    try:
        assert wait_until(path.exists, 60)
        options = ["-o", f"ForwardAgent={path}", "-o", "ForwardX11=yes", "-o", "ForwardX11Trusted=yes"]
        said = site.sshd.ssh(*options, "127.0.0.1", name="shows").stdout
    finally:
        agent.terminate()
        agent.wait(60)
    assert b"SSH_CONNECTION=" in said and b"SSH_AUTH_SOCK" not in said and b"DISPLAY" not in said


def test_the_host_key_counts(site):
    ssh = {"FAIRLEAD_SSH": str(site.sshd.client("user", "nobody_known"))}
    done = site.run("status", "local", **ssh)
    assert done.returncode == 1 and "is not known here" in done.stderr and "ssh -p" in done.stderr
    keygen(site.sshd.folder / "other_key")
    site.sshd.know("other_key")
    done = site.run("deploy", "local", FAIRLEAD_SSH=str(site.sshd.client()))
    assert done.returncode == 1 and "shows another host key than the one that is known" in done.stderr
    assert "ssh-keygen -R '[127.0.0.1]:" in done.stderr
    site.sshd.know("host_key")

    keygen(site.sshd.folder / "stranger")
    done = site.run("status", "local", FAIRLEAD_SSH=str(site.sshd.client("stranger")))
    assert done.returncode == 1 and "does not let us in" in done.stderr
    site.edit(f"127.0.0.1:{site.sshd.port}", f"127.0.0.1:{site.other}")
    done = site.run("status", "local")
    assert done.returncode == 1 and "nothing listens at" in done.stderr
    site.edit(f"127.0.0.1:{site.other}", "nowhere.invalid")
    done = site.run("status", "local")
    assert done.returncode == 1 and "there is no host of the name nowhere.invalid" in done.stderr
    done = site.run("status", "local", FAIRLEAD_SSH="/nowhere/ssh")
    assert done.returncode == 1 and "install OpenSSH's client" in done.stderr


def test_a_host_without_fairlead_or_with_another_one(site):
    empty = site.root / "empty"
    empty.mkdir()
    keygen(site.sshd.folder / "bare")
    site.sshd.allow("bare", f'command="export PATH={empty}:/usr/bin:/bin; eval \\"$SSH_ORIGINAL_COMMAND\\""')
    ssh = {"FAIRLEAD_SSH": str(site.sshd.client("bare"))}
    done = site.run("status", "local", **ssh)
    assert done.returncode == 1 and "has no fairlead" in done.stderr, done.stderr
    assert "fairlead host install local" in done.stderr

    said = json.dumps({"say": "welcome", "protocol": 1, "fairlead": "9.9"})
    (empty / "fairlead").write_text(f"#!/bin/sh\necho good morning\necho '{said}'\nread line\n")
    (empty / "fairlead").chmod(0o755)
    done = site.run("status", "local", **ssh)
    assert done.returncode == 3 and f"Fairlead here is {__version__}" in done.stderr and "is 9.9" in done.stderr
    assert "fairlead host install local" in done.stderr
