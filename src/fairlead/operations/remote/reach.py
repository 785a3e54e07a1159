"""What a stack reaches for beyond itself: whoever gives it to an engine, or runs it as root, has the whole machine.

A key of CI may deploy, so what it sends is code that its project's people wrote, and the file that says how it is run.
The first is kept in its container; this is about the second. Only what is known to be harmless passes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress

from fairlead.errors import Refused
from fairlead.operations.images import containers, filled, filled_all
from fairlead.project import static
from fairlead.project.stack import Container, Service, Stack, Store
from fairlead.project.stack_container import is_root
from fairlead.render.compose_keys import host_config

SOCKET = "/var/run/docker.sock"
USUAL = frozenset((
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW",
    "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
))  # fmt: skip
"""Capabilities that an engine gives to every container unless it is told otherwise (moby, `oci/caps/defaults.go`)."""
HARMLESS = frozenset((
    "CpuShares", "CpusetCpus", "Dns", "DnsOptions", "DnsSearch", "ExtraHosts", "GroupAdd", "MemoryReservation",
    "ShmSize", "Sysctls", "Ulimits",
))  # fmt: skip
"""Words of the engine's HostConfig. Of sysctls it takes only those of a namespace."""


def require_within(stack: Stack, everything: bool) -> None:
    """Refused, with all of it, where the stack reaches beyond itself. `everything`: see `has_everything`."""
    found = tuple(beyond(stack, everything))
    if found:
        what = "with this key nothing is deployed that could take the machine:\n" + "\n".join(
            f"  {one}" for one in found
        )
        hint = (
            "do without it, or have whoever keeps the server put `--allow-root` into the key's line in authorized_keys"
        )
        raise Refused(what, hint)


def has_everything() -> bool:
    """Whether this user's own processes have the whole machine: it is root, or may use an engine."""
    kind, _, where = os.environ.get("DOCKER_HOST", "").partition("://")
    if os.geteuid() == 0 or kind not in ("", "unix"):  # whoever is told of an engine elsewhere may use it
        return True
    return any(os.access(path, os.W_OK) for path in (where, SOCKET) if path)


def beyond(stack: Stack, everything: bool = True) -> Iterator[str]:
    """What it reaches for, in words. Pure."""
    if stack.runtime != "docker":
        if everything:
            yield "runtime: its processes are those of a user who is root here, or may use the engine"
        return
    if stack.secret_backend.kind == "exec" and everything:
        yield "secrets: their back end is a command of this machine"
    if everything:
        yield from (
            f"{one.name}: prepare: its commands run on this machine" for one in stack.services if _prepares(one)
        )
    for item, container in containers(stack):
        yield from (f"{item.name}: {one}" for one in _of(stack, container))
    for store in stack.stores:
        yield from (f"store {store.name}: {one}" for one in _of(stack, store.container))
    yield from (f"volume {one.name}: {one.path} of the machine" for one in stack.volumes if one.path)
    for store in stack.backed_up if everything else ():
        yield from (f"store {store.name}: {one}" for one in _of_backups(store))


def _of_backups(store: Store) -> Iterator[str]:
    """Files are written, and old ones removed, by Fairlead itself."""
    backup, drill = store.backup, store.drill
    if backup and backup.to and not backup.to.startswith("s3://"):
        yield f"backup: to {backup.to}: a folder of the machine"
    if drill and drill.key:
        yield f"drill: key {drill.key}: a file of the machine"


def _prepares(service: Service) -> bool:
    """Files without an image get one that is made: what prepares them is run here, as for a plain process."""
    build = service.container.build
    if build is None or build.static is None or service.prepare is None:
        return False
    return service.prepare.run != static.prepare(build.static, None).run


def _of(stack: Stack, container: Container) -> Iterator[str]:
    security = container.security
    if security.root or _is_root((container.user or "1").partition(":")[0]):
        yield "it may run as root"
    if not security.no_new_privileges:
        yield "it may become root: no_new_privileges is off"
    if more := [one for one in security.cap_add if one.upper().removeprefix("CAP_") not in USUAL]:
        yield f"capabilities: {', '.join(more)}"
    yield from (f"publish: {text}" for text in container.publish)
    yield from (f"volume {text}: a folder of the machine" for text in container.volumes if not _is_volume(stack, text))
    yield from _composed(stack, container)


def _is_root(user: str) -> bool:
    """Whether an engine takes it for user 0, who has more than one name."""
    return "$" in user or is_root(user)


def _is_volume(stack: Stack, text: str) -> bool:
    """Whether it is one of the engine's. What only a release says is none: nobody can tell."""
    with suppress(KeyError):
        source, _, target = filled(stack, text).partition(":")
        return "$" not in source and (not target or not source.startswith((".", "/", "~")))
    return False


def _composed(stack: Stack, container: Container) -> Iterator[str]:
    try:
        found = host_config(filled_all(stack, container.compose))
    except (KeyError, ValueError):
        yield "compose: what it says is known only when it runs, or not as Compose has it"
        return
    for word, value in found.items():
        if word not in HARMLESS and not (word == "OomScoreAdj" and value >= 0):
            yield f"compose: {_key(word)}"


def _key(word: str) -> str:
    return {"Devices": "devices", "OomScoreAdj": "oom_score_adj below 0"}.get(word, word)
