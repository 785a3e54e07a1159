"""Which addresses stay: a number of the upper half of a network, one for the door and one for each instance."""

import pytest

from fairlead.render.addresses import DOOR_SEAT, FIRST_SEAT, free_seat, halves, members, seat_address
from fairlead.render.edge import Members
from fairlead.render.matching import from_members


def network(**config):
    return {"IPAM": {"Config": [config]}}


MADE = network(Subnet="172.20.0.0/16", IPRange="172.20.0.0/17")


def test_the_engine_keeps_the_lower_half():
    assert halves(network(Subnet="172.20.0.0/16", Gateway="172.20.0.1")) == ("172.20.0.0/16", "172.20.0.0/17")


@pytest.mark.parametrize("found", [{}, network(), network(Subnet="10.0.0.0/27"), network(Subnet="fd00::/64")])
def test_a_network_without_room_has_none(found):
    assert halves(found) is None


def test_seats():
    assert seat_address(MADE, DOOR_SEAT) == "172.20.128.1"
    assert seat_address(MADE, FIRST_SEAT) == "172.20.128.2"
    assert seat_address(network(Subnet="10.0.0.0/26", IPRange="10.0.0.0/27"), 30) == "10.0.0.62"


@pytest.mark.parametrize(
    ("found", "seat"), [(None, 1), (network(Subnet="172.20.0.0/16"), 1), (MADE, 0), (MADE, 32767)]
)  # fmt: skip
def test_where_there_is_none(found, seat):
    assert seat_address(found, seat) == ""


@pytest.mark.parametrize(
    ("taken", "free"), [((), 2), ((2,), 3), ((3,), 4), ((2, 30), 3), (range(2, 31), 31), (range(2, 40), 40)]
)
def test_the_next_seat_is_one_that_nobody_had_lately(taken, free):
    assert free_seat(tuple(taken)) == free


def joined(**more):
    return {"IPAddress": "172.20.128.1", "IPPrefixLen": 16, "Gateway": "172.20.0.1"} | more


def test_who_is_in_a_network_is_told_by_one_that_has_joined_it():
    assert members(joined()) == Members(("172.20.0.0/16",), ("172.20.0.1",))
    assert members(joined(Gateway="")) == Members(("172.20.0.0/16",), ("172.20.0.1",))
    both = joined(GlobalIPv6Address="fd00::8001", GlobalIPv6PrefixLen=64, IPv6Gateway="fd00::1")
    assert members(both) == Members(("172.20.0.0/16", "fd00::/64"), ("172.20.0.1", "fd00::1"))
    assert members({"IPAddress": "", "IPPrefixLen": 0, "Gateway": "", "GlobalIPv6Address": ""}) is None


def test_members_are_asked_for_by_where_their_connection_comes_from():
    own, more = Members(("10.0.0.0/24", "fd00::/64"), ("10.0.0.1", "fd00::1")), Members(("10.1.0.0/24",))
    assert from_members([own, more]) == (
        "(ClientIP(`10.0.0.0/24`) || ClientIP(`fd00::/64`) || ClientIP(`10.1.0.0/24`))"
        " && !(ClientIP(`10.0.0.1`) || ClientIP(`fd00::1`))"
    )
    assert from_members([more]) == "(ClientIP(`10.1.0.0/24`))"
    assert from_members([]) == ""
