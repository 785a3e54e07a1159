"""From a container as data to a Compose service: one function for everything that an engine would be asked for. Pure.

Limits are in the keys that every Compose reads the same way: the older one reads `deploy.resources` only when told to.
"""

from __future__ import annotations

from typing import Any

from fairlead.project.stack_container import LogBounds, Resources, Security
from fairlead.render.compose.values import seconds, size
from fairlead.render.container import ContainerSpec, Healthcheck, Mount, Published, memory_folder


def compose_service(spec: ContainerSpec) -> dict[str, Any]:
    """What is empty is left out."""
    made: dict[str, Any] = {
        "image": spec.image,
        "user": spec.user,
        "working_dir": spec.workdir,
        "entrypoint": list(spec.entrypoint) if spec.entrypoint is not None else None,
        "command": list(spec.argv),
        "environment": dict(spec.env),
        "volumes": [volume(one) for one in spec.mounts],
        "ports": [port(one) for one in spec.publish],
        "networks": networks(spec),
        "network_mode": f"service:{spec.beside}" if spec.beside else None,
        "sysctls": dict(spec.sysctls),
        "healthcheck": healthcheck(spec.healthcheck),
        "stop_signal": None if spec.stop_signal == "SIGTERM" else spec.stop_signal,
        "stop_grace_period": seconds(spec.stop_grace),
        "restart": spec.restart,
        "logging": logging(spec.logs),
        **limits(spec.resources),
        **safe(spec.security, spec.user or ""),
    }
    return {key: value for key, value in made.items() if value not in (None, "", {}, [], ())}


def networks(spec: ContainerSpec) -> list[str] | dict[str, Any]:
    """By name; with what it is called there, where that is not its own name alone, which Compose gives it."""
    called = {one.network: [name for name in one.aliases if name != spec.name] for one in spec.networks}
    if not any(called.values()):
        return list(called)
    return {network: {"aliases": names} if names else None for network, names in called.items()}


def volume(one: Mount) -> str:
    """In the short form."""
    return f"{one.source}:{one.target}" + (":ro" if one.read_only else "")


def port(one: Published) -> str:
    """In the short form."""
    address = f"[{one.address}]:" if ":" in one.address else f"{one.address}:" if one.address else ""
    return f"{address}{one.host_port}:{one.port}" + ("" if one.protocol == "tcp" else f"/{one.protocol}")


def healthcheck(one: Healthcheck | None) -> dict[str, Any]:
    """None leaves it at the image's own."""
    if one is None:
        return {}
    made = {
        "test": list(one.test),
        "interval": seconds(one.interval),
        "timeout": seconds(one.timeout),
        "retries": one.retries,
    }
    return made | ({"start_period": seconds(one.start_period)} if one.start_period else {})


def logging(one: LogBounds) -> dict[str, Any]:
    """Docker's own default has no bound, and fills the disk."""
    return {"driver": "json-file", "options": {"max-size": size(one.size).lower(), "max-file": str(one.files)}}


def limits(one: Resources) -> dict[str, Any]:
    """No more swap than memory: a limit that is evaded by swapping makes the whole machine slow."""
    made: dict[str, Any] = {"cpus": one.cpu} if one.cpu else {}
    if one.memory:
        made |= {"mem_limit": size(one.memory), "memswap_limit": size(one.memory)}
    return made


def safe(one: Security, user: str = "") -> dict[str, Any]:
    """What it may do."""
    return {
        "init": one.init or None,
        "read_only": one.read_only or None,
        "tmpfs": [f"{folder}:{memory_folder(user)}" for folder in one.tmpfs],
        "cap_add": list(one.cap_add),
        "cap_drop": list(one.cap_drop),
        "security_opt": ["no-new-privileges:true"] if one.no_new_privileges else [],
        "pids_limit": one.pids or None,
    }
