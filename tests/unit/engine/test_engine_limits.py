"""What a container may use where nothing is said: nearly all of the machine."""

from dataclasses import replace

import pytest

from fairlead.engine.limits import as_made, bounded, most_of
from fairlead.project.stack import Resources
from fairlead.render.container import ContainerSpec, creation

MACHINE = {"MemTotal": 10_000_000_000, "NCPU": 4, "MemoryLimit": True, "CpuCfsQuota": True}


def spec(**resources):
    return ContainerSpec(name="web", image="x", labels={"a": "b"}, resources=Resources(**resources))


@pytest.mark.parametrize(
    ("changed", "most"),
    [
        ({}, Resources(3.75, 7629 << 20)),
        ({"NCPU": 1}, Resources(0.75, 7629 << 20)),
        ({"MemoryLimit": False}, Resources(3.75, None)),
        ({"CpuCfsQuota": False}, Resources(None, 7629 << 20)),
        ({"NCPU": 0, "MemTotal": 0}, Resources()),
    ],
)
def test_what_the_machine_can_hold_anybody_to(changed, most):
    assert most_of(MACHINE | changed) == most


def test_what_is_said_counts_and_nothing_is_another_container_for_it():
    most = most_of(MACHINE)
    assert bounded(spec(), most).resources == most
    assert bounded(spec(memory=5), most).resources == Resources(3.75, 5)
    assert bounded(spec(cpu=0.0, memory=0), most) == spec(cpu=0.0, memory=0)
    assert spec().fingerprint == ContainerSpec(name="web", image="x").fingerprint


def test_what_nobody_declared_takes_no_swap_away_and_yields_to_what_is_reserved():
    most = most_of(MACHINE)
    assert (bounded(spec(), most).swap, bounded(spec(memory=5), most).swap) == (True, False)
    assert creation(bounded(spec(), most))["HostConfig"]["MemorySwap"] == 0
    assert creation(bounded(spec(memory=5), most))["HostConfig"]["MemorySwap"] == 5
    reserved = replace(spec(), more={"MemoryReservation": 9 << 30})
    made = bounded(reserved, most)
    assert made.resources.memory == 9 << 30
    assert as_made(reserved, made.labels) == replace(made, labels=reserved.labels)
    assert bounded(replace(reserved, more={"MemoryReservation": 1}), most).resources == most


def test_a_machine_that_has_grown_is_no_difference():
    made = bounded(spec(memory=5), most_of(MACHINE))
    assert as_made(spec(memory=5), made.labels).resources == made.resources
    assert as_made(spec(), {}) == spec()
    assert as_made(spec(), {"dev.fairlead.most": "by hand"}) == spec()
