"""Every way to reach a host, by the address in the project file. There is one so far."""

from __future__ import annotations

from fairlead.hosts.address import parse
from fairlead.hosts.base import Host
from fairlead.hosts.ssh import SshHost


def host_of(address: str) -> Host:
    """UsageError when it is no address."""
    return SshHost(parse(address))
