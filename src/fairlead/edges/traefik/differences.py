"""In what the containers of an edge differ from what they are to be, and how they become that. A look changes nothing.

By what the engine says of each, and not by the label that tells shapes apart: a container may have been changed since.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fairlead.edges.traefik.boxes import Boxes, Shape, redirecting_program
from fairlead.edges.traefik.replacement import Replacement
from fairlead.engine.differences import Difference, differences
from fairlead.engine.facts import ContainerFacts
from fairlead.render.container import ContainerSpec
from fairlead.render.edge_containers import DOOR, GRACE, STATIC, TRAEFIK
from fairlead.render.entrypoints import MAIN

MISSING, NETWORKS = "missing", "networks"
AS_CALLED = {"door": DOOR, "traefik": TRAEFIK[MAIN]}  #: what people call them → their names in the engine
Part = tuple[str, Difference]


def parts(boxes: Boxes, shape: Shape) -> tuple[Part, ...]:
    """Of door and Traefik. A door is of whatever image, for it does nothing."""
    door = boxes.facts(DOOR)
    wanted = boxes.door_spec(shape)
    found = [("door", one) for one in _of(door, replace(wanted, image=door.image) if door else wanted)]
    found += [("traefik", one) for one in _of(boxes.facts(TRAEFIK[MAIN]), boxes.traefik_spec(shape, MAIN))]
    path, text = boxes.configuration / STATIC[MAIN], boxes.static(shape, MAIN)
    if not path.exists() or path.read_text() != text:
        found.append(("traefik", Difference("configuration", "", f"{path.name} is not as this Fairlead writes it")))
    return tuple(found)


def _of(facts: ContainerFacts | None, spec: ContainerSpec) -> Iterator[Difference]:
    if facts is None or not facts.running:
        yield Difference(MISSING, "running", facts.state if facts else "not there")
    if facts is not None:
        yield from differences(spec, facts)


def prepare_mending(boxes: Boxes, replacement: Replacement, shape: Shape, serves: bool) -> None:
    """Take away what is not as it is to be, so that all of it is made again. Traefik without a request lost, where it
    serves and the kernel can lead users past it; without its door nobody is answered for a moment."""
    leave_others(boxes, shape)
    found = [(part, one) for part, one in parts(boxes, shape) if one.what not in (MISSING, NETWORKS)]
    if any(part == "door" for part, _ in found):
        boxes.end()
    elif found and serves and redirecting_program():
        replacement.anew(shape)
        boxes.retired.end(GRACE)  # nobody knows what somebody else made of it
    elif found:
        boxes.end_traefik(MAIN, GRACE)


def leave_others(boxes: Boxes, shape: Shape) -> None:
    """Have the door in no network but its own."""
    door = boxes.facts(DOOR)
    own = {boxes.name(one) for one in shape.networks}
    for network in (door.raw["NetworkSettings"].get("Networks") or {}) if door else {}:
        if network not in own and door:
            boxes.engine.leave(door.id, network)
