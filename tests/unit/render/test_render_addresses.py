"""Which addresses stay: a number of the upper half of a network, one for the door and one for each instance."""

import pytest

from fairlead.render.addresses import DOOR_SEAT, FIRST_SEAT, free_seat, halves, seat_address


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
