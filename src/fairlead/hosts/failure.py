"""Why ssh gave up, read from what it says on stderr (OpenSSH 8 to 9), and what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fairlead.errors import FairleadError
from fairlead.hosts.address import Address
from fairlead.hosts.base import Absent, ConnectionLost, Unreachable

SSH_FAILED = 255  #: ssh's own exit code; all others are the remote command's
NOT_FOUND = 127
NOT_EXECUTABLE = 126


@dataclass(frozen=True, slots=True)
class _Cause:
    said: re.Pattern[str]
    what: str
    hint: str


def _cause(said: str, what: str, hint: str) -> _Cause:
    return _Cause(re.compile(said, re.I), what, hint)


_CAUSES = (
    _cause(
        r"REMOTE HOST IDENTIFICATION HAS CHANGED|host key for .* has changed",
        "{address} shows another host key than the one that is known",
        "somebody may stand in between; when the server was set up anew, compare the key's fingerprint with that on its"
        " console, then run `ssh-keygen -R {known}` and `ssh {ssh}` once",
    ),
    _cause(
        r"Host key verification failed|No \S+ host key is known",
        "the host key of {address} is not known here",
        "run `ssh {ssh}` once and compare the fingerprint it shows with that on the server's console; in CI, write the"
        " server's key to ~/.ssh/known_hosts",
    ),
    _cause(
        r"Permission denied|Too many authentication failures|no mutual signature",
        "{address} does not let us in: no key that we have is accepted there",
        "add the public key to ~/.ssh/authorized_keys of that user (`fairlead host key ENV` prints a line for it), or"
        " load the key with `ssh-add`; `ssh -v {ssh}` shows what is tried",
    ),
    _cause(
        r"Could not resolve hostname|Name or service not known",
        "there is no host of the name {name}",
        "correct `host` in the project file, or give it a Host entry in ~/.ssh/config",
    ),
    _cause(
        r"Connection refused",
        "nothing listens at {address}",
        "look whether sshd runs there, and whether `host` names the right port",
    ),
    _cause(
        r"timed out|No route to host|Network is unreachable|Operation timed out",
        "there is no way to {address}",
        "look at the network, the VPN and the server's firewall; `ssh -v {ssh}` shows how far it gets",
    ),
    _cause(
        r"Bad configuration option|terminating, \d+ bad configuration|Bad owner or permissions",
        "ssh does not take its own configuration",
        "mend what it names in ~/.ssh/config",
    ),
)  # fmt: skip


def explained(address: Address, code: int | None, said: str, begun: bool) -> FairleadError:
    """The error of a connection that ended with `code` and this on stderr. `begun`: Fairlead there had answered."""
    if begun:
        return ConnectionLost(f"the connection to {address} is lost", None)
    if code in (NOT_FOUND, NOT_EXECUTABLE) or re.search(r"fairlead.*(not found|No such file)", said):
        return Absent(f"{address} has no fairlead", "`fairlead host install ENV` installs it there, over the same SSH")
    words = _words(address)
    for cause in _CAUSES:
        if cause.said.search(said):
            return Unreachable(cause.what.format(**words), cause.hint.format(**words))
    tail = "\n".join(f"  {line}" for line in said.strip().splitlines()[-5:])
    what = f"no Fairlead answered at {address}" + (f": ssh ended with {code}" if code == SSH_FAILED else "")
    return Unreachable(what + (f"\n{tail}" if tail else ""), f"`ssh -v {words['ssh']}` shows what happens")


def _words(address: Address) -> dict[str, str]:
    port = f"-p {address.port} " if address.port else ""
    ssh = port + (f"{address.user}@{address.name}" if address.user else address.name)
    known = f"'[{address.name}]:{address.port}'" if address.port and address.port != 22 else address.name
    return {"address": str(address), "name": address.name, "ssh": ssh, "known": known}
