"""A host over the system's OpenSSH client, so that ~/.ssh/config, agents and jump hosts work as they do by hand.

Host keys are checked as the user's configuration says, and never less: nothing here turns a check off. Where there is
no terminal ssh may ask nothing (BatchMode). Forwardings that the configuration asks for are not made, and the agent is
not lent to the host.
"""

from __future__ import annotations

import os
import shutil
import sys

from fairlead.errors import FairleadError
from fairlead.hosts.address import Address
from fairlead.hosts.base import Unreachable
from fairlead.hosts.failure import explained
from fairlead.hosts.wire import LONGEST_FRAME, Wire
from fairlead.system.commands import attached
from fairlead.system.duplex import Duplex

PROGRAM = "FAIRLEAD_SSH"  #: names another client than the `ssh` on PATH
ENDING = 5.0  #: seconds ssh may take to say why it ended
OPTIONS = (
    "-o", "ConnectTimeout=15",
    "-o", "ServerAliveInterval=10", "-o", "ServerAliveCountMax=3",  # a dead line is noticed within 30 s
    "-o", "ClearAllForwardings=yes", "-o", "ForwardAgent=no", "-o", "ForwardX11=no", "-o", "PermitLocalCommand=no",
)  # fmt: skip


class SshChannel:
    """One ssh process."""

    def __init__(self, address: Address, program: Duplex) -> None:
        self._address, self._program = address, program
        self._wire = Wire(program.said, program.to, LONGEST_FRAME)

    @property
    def wire(self) -> Wire:
        return self._wire

    def failure(self, begun: bool) -> FairleadError:
        """As the protocol says."""
        code = self._program.ended(ENDING)
        return explained(self._address, code, self._program.errors(), begun)

    def close(self) -> None:
        """As the protocol says."""
        self._program.close()


class SshHost:
    """As the protocol says."""

    def __init__(self, address: Address) -> None:
        self._address = address

    @property
    def where(self) -> str:
        return str(self._address)

    def argv(self, command: str, terminal: bool = False) -> tuple[str, ...]:
        """The command line of ssh. Nothing in the address can be taken for an option."""
        form = "-t" if terminal else "-T"
        batch = () if sys.stdin.isatty() and sys.stderr.isatty() else ("-o", "BatchMode=yes")
        port = ("-p", str(self._address.port)) if self._address.port else ()
        user = ("-l", self._address.user) if self._address.user else ()
        return (os.environ.get(PROGRAM, "ssh"), form, *OPTIONS, *batch, *port, *user, "--", self._address.name, command)

    def call(self, command: str) -> SshChannel:
        """As the protocol says."""
        try:
            return SshChannel(self._address, Duplex(self.argv(command)))
        except OSError as error:
            raise _no_client(error.strerror) from error

    def enter(self, command: str) -> int:
        """As the protocol says. What ssh itself has to say, it says on this terminal."""
        argv = self.argv(command, terminal=sys.stdin.isatty())
        if shutil.which(argv[0]) is None:
            raise _no_client("there is no such program")
        return attached(argv)


def _no_client(why: str | None) -> Unreachable:
    what = f"ssh could not be started: {why}"
    return Unreachable(what, "install OpenSSH's client (Debian: apt install openssh-client)")
