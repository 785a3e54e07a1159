"""A real sshd of a test: its own configuration, host key, port and authorized keys, on the loopback alone."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from fairlead.demo.sandbox import free_port

CONFIG = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
PidFile {folder}/sshd.pid
AuthorizedKeysFile {folder}/authorized_keys
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
StrictModes no
UsePAM no
MaxStartups 100
Subsystem sftp internal-sftp
SetEnv {environment}
"""
CLIENT = """\
#!/bin/sh
exec ssh -F {folder}/{name}.config "$@"
"""
CLIENT_CONFIG = """\
UserKnownHostsFile {folder}/{known}
GlobalKnownHostsFile /dev/null
IdentityFile {folder}/{name}
IdentitiesOnly yes
IdentityAgent none
"""


def sshd_program():
    """Its absolute path, which it wants to be called by; None where there is none."""
    found = [Path(folder) / "sshd" for folder in (*os.environ["PATH"].split(":"), "/usr/sbin", "/usr/local/sbin")]
    return next((path for path in found if path.exists()), None)


class Sshd:
    """It runs until `close`. `environment` is what its sessions have."""

    def __init__(self, folder, environment):
        self.folder, self.port = folder, free_port()
        folder.mkdir()
        keygen(folder / "host_key")
        keygen(folder / "user")
        self.allow("user")
        said = " ".join(f"{name}={value}" for name, value in environment.items())
        (folder / "sshd_config").write_text(CONFIG.format(port=self.port, folder=folder, environment=said))
        self.know("host_key")
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        self._process = self._start()

    def _start(self):
        argv = [sshd_program(), "-D", "-e", "-f", self.folder / "sshd_config"]
        with open(self.folder / "log", "a") as log:
            process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + 90
        while process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return process
            except OSError:
                assert time.monotonic() < end, (self.folder / "log").read_text()
                time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text())

    def allow(self, name, options=""):
        """Let a key in, with options in front of it."""
        key = (self.folder / f"{name}.pub").read_text()
        with open(self.folder / "authorized_keys", "a") as file:
            file.write(f"{options} {key}".lstrip())

    def know(self, key, known="known_hosts"):
        """Have the client know this host key for ours."""
        words = (self.folder / f"{key}.pub").read_text().split()[:2]
        (self.folder / known).write_text(f"[127.0.0.1]:{self.port} {' '.join(words)}\n")

    def client(self, name="user", known="known_hosts"):
        """A program that is ssh with the key of that name."""
        (self.folder / f"{name}.config").write_text(CLIENT_CONFIG.format(folder=self.folder, name=name, known=known))
        path = self.folder / f"{name}.sh"
        path.write_text(CLIENT.format(folder=self.folder, name=name))
        path.chmod(0o755)
        return path

    def ssh(self, *arguments, name="user", program="ssh", data=None, timeout=180):
        """One of OpenSSH's programs, by hand."""
        self.client(name)
        where = "-P" if program in ("scp", "sftp") else "-p"
        argv = [program, "-F", self.folder / f"{name}.config", "-o", "BatchMode=yes", where, str(self.port), *arguments]
        return subprocess.run(argv, input=data or b"", capture_output=True, check=False, timeout=timeout)

    def sessions(self):
        """The processes that serve connections now."""
        return children(self._process.pid)

    def serving(self):
        """The processes that sessions run."""
        pending, found = self.sessions(), []
        while pending:
            pid = pending.pop()
            pending += children(pid)
            found += [] if b"sshd" in _name(pid).partition(b"\0")[0] else [pid]
        return found

    def cut(self):
        """End every connection, as a network does that breaks."""
        for pid in self.sessions():
            for one in (*children(pid), pid):
                if b"sshd" in _name(one):
                    _kill(one)

    def close(self):
        self.cut()
        self._process.terminate()
        self._process.wait(60)


def keygen(path):
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", path.name, "-f", path]
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL)


def children(pid):
    """The processes that this one started."""
    done = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(one) for one in done.stdout.split()]


def _name(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
