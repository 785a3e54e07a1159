"""Build the artifacts of a stack and make the release that names them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fairlead.artifacts import ArtifactStore, Release
from fairlead.operations.environment import Environment, builds_lock, owner_text
from fairlead.project.stack import Job, Service, Stack
from fairlead.system.lock import held_lock


def built(stack: Stack) -> Iterable[Service | Job]:
    """Everything of a stack that has a source."""
    items: tuple[Service | Job, ...] = (*stack.services, *stack.jobs)
    return (item for item in items if item.source is not None)


def build(environment: Environment, stack: Stack, root: Path, origin: dict[str, Any]) -> Release:
    """Build what is not built yet, then save the release. The same content is the same release."""
    wait = 3600.0  # another environment's build may run; it ends with its process
    say = environment.world.say
    lock = builds_lock(environment.place)
    with held_lock(lock, owner_text("build"), "the artifacts", wait, lambda text: say("note", text), shared=True):
        artifacts = {item.name: _ensure(environment, item, root) for item in built(stack)}
        return environment.world.releases.save(Release.of(stack, artifacts, origin))


def predict(artifacts: ArtifactStore, stack: Stack, root: Path) -> Release:
    """The release that `build` would make, without building."""
    digests = {item.name: artifacts.digest_of(root / str(item.source), item.prepare) for item in built(stack)}
    return Release.of(stack, digests, {})


def _ensure(environment: Environment, item: Service | Job, root: Path) -> str:
    world = environment.world
    source = root / str(item.source)
    artifact = environment.artifacts.ensure(source, item.prepare, lambda line: world.say("build", line))
    if artifact.built:
        text = f"built {item.name} in {artifact.seconds:.1f} s"
        world.say("built", text, service=item.name, artifact=artifact.digest, seconds=round(artifact.seconds, 3))
    return artifact.digest
