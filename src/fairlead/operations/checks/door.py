"""Checks of an edge in containers: whether it can be replaced without a gap, and whose address it sees."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path

from fairlead.operations.check import Check, warning
from fairlead.project.stack import Stack


def examine(stack: Stack) -> Iterator[Check]:
    """Nothing where nothing is a container."""
    from fairlead.edges.traefik.boxes import redirecting_program  # noqa: PLC0415 — only where there is an engine

    yield from gap(redirecting_program())
    yield from on_loopback(stack)
    yield from one_client(stack, machine_has_ipv6())


def gap(program: str | None) -> Iterator[Check]:
    """`program`: this machine's iptables, which leads new connections from one Traefik to the next."""
    if program is None:
        text = "there is no iptables: a deployment that needs another Traefik (a service with a new port, another"
        text += " trusted_proxies or image) refuses new connections for 0.2 to 0.7 s"
        yield warning("docker", text, "install iptables (Debian: apt install iptables), as the engine uses it too")


def on_loopback(stack: Stack) -> Iterator[Check]:
    """Who comes by 127.0.0.1 comes through the engine too: what is trusted of loopback is nobody's address."""
    trusted = [one for one in map(ip_network, stack.edge.trusted_proxies) if one.is_loopback]
    hint = "have the proxy ask an address of this machine (edge: {address: 10.0.0.5}), and trust that one"
    if trusted:
        text = f"trusted_proxies: who comes by {trusted[0]} is seen by another address, and is not trusted"
        yield warning("docker", text, hint)
    elif _counts(stack) and _is_loopback(stack.edge.address):
        text = f"to the edge all who come by {stack.edge.address} are one client, a proxy's users too, who share"
        yield warning("docker", f"{text} what policies allow to one", hint)


def _counts(stack: Stack) -> bool:
    return any(route.policies.counts for service in stack.services for route in service.routes)


def _is_loopback(address: str) -> bool:
    return address == "localhost" or bool(address and ip_address(address).is_loopback)


def one_client(stack: Stack, ipv6: bool) -> Iterator[Check]:
    """The engine passes IPv6 on from an address of its own: who comes by it cannot be told from the others."""
    if ipv6 and _counts(stack) and (not stack.edge.address or ":" in stack.edge.address):
        text = "to the edge all who come by IPv6 are one client, who share what policies allow to one"
        yield warning("docker", text, "listen on IPv4 alone (edge: {address: 0.0.0.0}), or behind trusted_proxies")


def machine_has_ipv6(table: Path = Path("/proc/net/if_inet6")) -> bool:
    """Whether it has an address that others reach. A line has address, number, length, scope (00: global) …"""
    try:
        rows = [line.split() for line in table.read_text().splitlines()]
    except OSError:
        return False
    return any(row[3] == "00" for row in rows)
