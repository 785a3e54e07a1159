"""Addresses that stay: of the edge's door, and of each instance as long as it lives. Pure.

The engine itself answers for names in containers, so while it is away no name is known. The lower half of a network is
what the engine gives addresses from; the upper half has **seats**, each an address by its number.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping
from typing import Any

from fairlead.render.edge import Members

DOOR_SEAT = 1
FIRST_SEAT = 2
FEWEST = 64  #: addresses of a network in which seats are given


def halves(network: Mapping[str, Any]) -> tuple[str, str] | None:
    """The subnet that the engine chose for a network, and its lower half; None where it is too small."""
    config = ((network.get("IPAM") or {}).get("Config") or [{}])[0]
    subnet = _network(config.get("Subnet", ""))
    if subnet is None or subnet.num_addresses < FEWEST:
        return None
    return str(subnet), str(next(subnet.subnets()))


def seat_address(network: Mapping[str, Any] | None, seat: int) -> str:
    """The address of a seat; empty where there are none, or not so many."""
    config = (((network or {}).get("IPAM") or {}).get("Config") or [{}])[0]
    subnet, lower = _network(config.get("Subnet", "")), _network(config.get("IPRange", ""))
    if subnet is None or lower is None or not 0 < seat < subnet.num_addresses // 2 - 1:
        return ""
    return str(subnet.network_address + subnet.num_addresses // 2 + seat)


def free_seat(taken: Collection[int]) -> int:
    """One that nobody has: as late as can be one that somebody had."""
    after = max(taken, default=FIRST_SEAT - 1) + 1
    return after if after < FEWEST // 2 - 1 else next(n for n in range(FIRST_SEAT, after + 1) if n not in taken)


def members(joined: Mapping[str, Any]) -> Members | None:
    """Who is in a network, by what the engine says of one that has joined it; None while that has no address there.

    The machine is in it too, by the gateway; where there is none said, by the first address.
    """
    found = [_place(joined, "IPAddress", "IPPrefixLen", "Gateway")]
    found.append(_place(joined, "GlobalIPv6Address", "GlobalIPv6PrefixLen", "IPv6Gateway"))
    there = [one for one in found if one]
    return Members(tuple(one[0] for one in there), tuple(one[1] for one in there)) if there else None


def _place(joined: Mapping[str, Any], address: str, length: str, gateway: str) -> tuple[str, str] | None:
    if not joined.get(address):
        return None
    subnet = ipaddress.ip_interface(f"{joined[address]}/{joined[length]}").network
    return str(subnet), str(joined.get(gateway) or subnet.network_address + 1)


def _network(text: str) -> ipaddress.IPv4Network | None:
    try:
        return ipaddress.IPv4Network(text)
    except ValueError:
        return None
