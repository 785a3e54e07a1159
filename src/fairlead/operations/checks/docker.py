"""Checks of the runtime docker: the engine, who else is there, and what a stack asks of containers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairlead.errors import FairleadError, Refused
from fairlead.operations.check import Check, failed, ok, warning
from fairlead.operations.checks import door
from fairlead.operations.checks.machine import disk
from fairlead.operations.images import containers, filled, filled_all
from fairlead.project.access import runs
from fairlead.project.stack import Container, Job, Service, Stack
from fairlead.project.stack_container import is_root
from fairlead.render.compose_keys import INSTEAD, host_config, left_over
from fairlead.render.edge_containers import DOOR, REDIRECT, RETIRED, TRAEFIK
from fairlead.render.networks import DATABASE, networks_of, service_networks
from fairlead.render.short_forms import mount, published
from fairlead.render.short_forms import own as own_volume
from fairlead.stores.folder import StoreFolder
from fairlead.system.files import free_bytes
from fairlead.system.home import Place

if TYPE_CHECKING:
    from fairlead.engine.engine import Engine
    from fairlead.engine.facts import EngineFacts
    from fairlead.engine.owner import Owner

OLDEST = (20, 10)  #: version of the engine
HASTY = ((23, 0, 0), (23, 0, 7)), ((24, 0, 0), (24, 0, 3))
"""From which version to before which one an engine kills what it was told to stop as soon as nobody waits for that any
more (moby, `daemon/stop.go`)."""
ALLOW = "name another user, or allow it: security: {root: true}"


def examine(stack: Stack, place: Place, thorough: bool) -> Iterator[Check]:
    """Nothing where nothing is a container. `thorough` recommends too."""
    if stack.runtime != "docker":
        return
    from fairlead.engine.engine import Engine  # noqa: PLC0415 — only where there is an engine
    from fairlead.engine.owner import Owner  # noqa: PLC0415

    engine, owner = Engine(timeout=20), Owner.of(place)
    try:
        facts = engine.facts()
        yield version(facts)
        yield from _settings(facts, thorough)
        yield strangers(engine, owner, stack)
        yield from door.examine(stack) if thorough else ()
        yield from promised(stack, int(facts.raw.get("MemTotal") or 0)) if thorough else ()
        yield from rooted(engine, stack, place) if thorough else ()
    except FairleadError as error:
        yield failed("docker", error.message, error.hint or "")
    yield from declared(stack)


def version(facts: EngineFacts) -> Check:
    """Whether it is new enough, and gives what it stops the time to end."""
    found = tuple(int(number) for number in re.findall(r"\d+", facts.version)[:3])
    text = f"engine {facts.version}, API {facts.api}, {facts.architecture}"
    if found < OLDEST:
        return failed("docker", f"{text}: too old", "install Docker Engine 20.10 or newer")
    if any(first <= found < mended for first, mended in HASTY):
        what = f"{text}: it kills what is told to end in the middle of what it does"
        return failed("docker", what, "install a newer Docker Engine: 24.0.3 is mended, and so is 25")
    return ok("docker", text)


def _settings(facts: EngineFacts, thorough: bool) -> Iterator[Check]:
    root = Path(facts.root)
    if root.is_dir():  # it may be on another machine, or in another user's folder
        yield disk(free_bytes(root), root)
    if facts.rootless:
        text = "the engine runs without root: this machine does not reach containers by their address"
        yield warning("docker", text, "give each service a health.command")
    if thorough and not facts.live_restore:
        text = "containers end while the engine is restarted"
        yield warning("docker", text, 'set "live-restore": true in /etc/docker/daemon.json')
    if any("userns" in option for option in facts.raw.get("SecurityOptions") or ()):
        yield ok("docker", "users in containers are others on this machine (userns-remap)")


def strangers(engine: Engine, owner: Owner, stack: Stack) -> Check:
    """Somebody else's containers, networks and volumes on names of ours."""
    from fairlead.engine.volumes import WHOSE, is_foreign  # noqa: PLC0415 — only where there is an engine

    services = "|".join(re.escape(item.name) for item, _ in containers(stack)) or "(?!)"
    stores = "|".join(re.escape(one.name) for one in stack.stores) or "(?!)"
    edge = "|".join(map(re.escape, (DOOR, REDIRECT, *TRAEFIK.values())))
    own = re.compile(
        rf"{re.escape(owner.name(''))}(?:(?:{services})-[0-9a-f]+-\d+|{stores}|{edge}|{RETIRED}-[0-9a-f]+)"
    )
    foreign = [name for name, labels in engine.names().items() if own.fullmatch(name) and not owner.owns(labels)]
    if foreign:
        what = f"not Fairlead's, and on names it needs: container {', '.join(sorted(foreign))}"
        return failed("docker", what, f"rename or remove it: docker rename {foreign[0]} OTHER")
    for spec in networks_of(stack):
        found = engine.network(owner.name(spec.name))
        if found is not None and not owner.owns(found.get("Labels")):
            name = found["Name"]
            return failed("docker", f"network {name} is not Fairlead's", f"remove it: docker network rm {name}")
    for name in sorted(_volumes(stack, owner)):
        if is_foreign(engine, owner, name):
            return failed("docker", f"volume {name} is not Fairlead's", WHOSE.format(name=name))
    return ok("docker", "nobody else is on a name of ours")


def rooted(engine: Engine, stack: Stack, place: Place) -> Iterator[Check]:
    """Stores that run as their image says, where that is root."""
    from fairlead.operations.stores.declared import as_image  # noqa: PLC0415 — only where there is an engine
    from fairlead.stores.docker import image_of  # noqa: PLC0415

    for store in filter(as_image, filter(runs, stack.stores)):
        kept = StoreFolder(place.stores / store.name, place.stores / store.name).kept()
        image = kept.image if kept else image_of(store)
        facts = engine.image(image) if "${" not in image else None
        if facts is not None and facts.runs_as_root:
            text = f"store {store.name}: its image runs as root, though without capabilities"
            yield warning("docker", text, "name a `user` that may write its volume, or say security: {root: true}")


def promised(stack: Stack, memory: int) -> Iterator[Check]:
    """More memory than the machine has, in all limits together; and nobody's limit at all. `memory`: bytes, 0: unknown.

    What has no limit of its own may use four fifths of the machine, and is not counted.
    """
    limits = [(one.name, one.container.resources.memory, one.replicas) for one in stack.services]
    limits += [(one.name, one.container.resources.memory, 1) for one in filter(runs, stack.stores)]
    total = sum((limit or 0) * copies for _, limit, copies in limits)
    if memory and total > memory:
        text = f"all limits of memory together are {_gigabytes(total)}, and the machine has {_gigabytes(memory)}"
        yield warning("docker", text, "have smaller limits (resources: {memory: …}), or fewer replicas")
    if free := ", ".join(name for name, limit, _ in limits if limit == 0):
        text = f"without a limit of memory, so that a leak takes the whole machine: {free}"
        yield warning("docker", text, "say how much it may use, or nothing: resources: {memory: 2G}")


def _gigabytes(size: int) -> str:
    return f"{size / (1 << 30):.1f}G"


def _whose(item: Service | Job) -> str:
    """Whose volumes without a name it has: a job those of the service it is like."""
    return item.like or item.name if isinstance(item, Job) else item.name


def _volumes(stack: Stack, owner: Owner) -> set[str]:
    """Those it needs, by their names in the engine; but for names that only a release fills in."""
    said = [own_volume(text, _whose(item)) for item, one in containers(stack) for text in one.volumes]
    said += [own_volume(text, one.name) for one in stack.stores for text in one.container.volumes]
    mounts = (mount(text, owner.name) for text in said if "${" not in text)
    own = {owner.name(f"{one.name}-data") for one in stack.stores}
    return own | {one.source for one in mounts if one.kind == "volume"}


def stranger_on(port: int) -> str:
    """The container that has this port of the machine, in words; empty when it is no container, or nobody can say."""
    from fairlead.engine.engine import Engine  # noqa: PLC0415

    try:
        holder = Engine(timeout=20).publisher(port)
    except FairleadError:
        return ""
    return f"container {holder.name}" if holder else ""


def declared(stack: Stack) -> Iterator[Check]:
    """What a stack asks for and no container can have."""
    for service in stack.services:
        yield from (failed("docker", f"{service.name}: {what}", hint) for what, hint in _impossible(service, stack))
    for store in stack.stores:
        if _as_root_by_name(stack, store.container):
            yield failed("docker", f"store {store.name}: it is to run as root", ALLOW)
    named = [(item.name, one) for item, one in containers(stack)] + list(_stores(stack))
    for name, one in named:
        yield from _composed(stack, name, one)
    if loose := ", ".join(dict.fromkeys(name for name, one in named if one.security.off)):
        hint = "say which switches it needs in place of security: off"
        yield warning("docker", f"security is off, so a container may do all that an engine lets it: {loose}", hint)


def _stores(stack: Stack) -> Iterator[tuple[str, Container]]:
    """A store of a kind that Fairlead knows is asked by Fairlead, whatever `healthcheck` says to Compose."""
    for store in stack.stores:
        known = () if store.kind == "container" else ("healthcheck",)
        compose = {key: value for key, value in store.container.compose.items() if key not in known}
        yield store.name, replace(store.container, compose=compose)


def _composed(stack: Stack, name: str, container: Container) -> Iterator[Check]:
    """Keys for Compose that the engine cannot be told, or is told otherwise."""
    try:
        host_config(_known(stack, container.compose))
    except ValueError as error:
        yield failed("docker", f"{name}: {error}", "see the Compose specification")
    if found := left_over(container):
        instead = [INSTEAD[key] for key in found if key in INSTEAD]
        what = (
            f"{name}: compose: {', '.join(found)} counts in a rendered Compose file alone, not where Fairlead runs it"
        )
        yield warning("docker", what, f"say it as {', '.join(instead)}" if instead else "")


def _known(stack: Stack, compose: Mapping[str, Any]) -> dict[str, Any]:
    """With the values of variables; without what is known only when it runs."""
    found = {}
    for key, value in compose.items():
        with suppress(KeyError):
            found[key] = filled_all(stack, value)
    return found


def _impossible(service: Service, stack: Stack) -> Iterator[tuple[str, str]]:
    networks = service_networks(service, stack)
    if set(networks) == {DATABASE}:
        if service.routes:
            yield "it has routes, and the edge is never in the network database", "put it in backend too"
        if service.port and not service.health.command:
            yield "nobody reaches it in the network database to ask whether it is ready", "name a health.command"
    ports = [port for text in service.container.publish if "${" not in text for port in published(text)]
    if ports and (service.port or service.replicas > 1 or service.handover == "overlap"):
        what = f"port {ports[0].host_port} of the machine can have one container, and old and new run side by side"
        yield what, "use routes, or publish only from a worker with one replica that hands over stop-first"
    if _as_root_by_name(stack, service.container):
        yield "it is to run as root", ALLOW


def _as_root_by_name(stack: Stack, container: Container) -> bool:
    """Whether the file names root, or a variable says so, and nobody allowed it."""
    return is_root(filled(stack, container.user or "1")) and not container.security.root


def require_users(stack: Stack, artifacts: Mapping[str, str]) -> None:
    """Refused when an image would run as root and nobody allowed it. The images are here, and nothing has changed."""
    if stack.runtime != "docker":
        return
    from fairlead.engine.engine import Engine  # noqa: PLC0415

    engine = Engine()
    careful = [item.name for item, one in containers(stack) if not one.user and not one.security.root]
    if found := [name for name in careful if _as_root(engine, artifacts.get(name, ""))]:
        hint = "set `USER` in its Dockerfile, name a `user`, or allow it: security: {root: true}"
        raise Refused(f"{', '.join(found)}: the image runs as root", hint)


def _as_root(engine: Engine, image: str) -> bool:
    facts = engine.image(image) if image else None
    return facts is not None and facts.runs_as_root
