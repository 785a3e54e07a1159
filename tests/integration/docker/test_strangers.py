"""Somebody else's containers, on names of ours and on others."""

import pytest
from tests.docker_engine import images

from fairlead.operations.checks.docker import strangers
from fairlead.project.stack import Service, Stack, Store
from fairlead.render.container import ContainerSpec


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("web-0123abcd-1", True),
        ("db", True),
        ("edge-traefik", True),
        ("edge-retired-0123abcd", True),
        ("edge-web-0123abcd-1", False),  # of an environment that is called as this one and `-edge`
        ("other-0123abcd-1", False),
    ],
)
def test_who_is_on_a_name_that_is_needed(engine, owner, name, ours):
    stack = Stack(owner.project, owner.environment, "docker", (Service("web"),), stores=(Store("db", "postgres"),))
    id = engine.create(ContainerSpec(name=owner.name(name), image=images()["tiny"]))
    try:
        found = strangers(engine, owner, stack)
        assert (found.result == "failed") is ours
        assert not ours or owner.name(name) in found.text
    finally:
        engine.remove(id)
