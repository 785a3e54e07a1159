"""What keys under `compose` mean to the engine, where Fairlead itself runs the container. Pure.

A rendered Compose file has all of them. The engine is told those that have a word in its API and none of ours; which
are left over is said by the doctor, never passed over in silence.

Source: the Compose specification, "services", and the Docker Engine API, version 1.41, `HostConfig`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from fairlead.project.stack_container import Container

_UNITS = {"b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_UNPRIVILEGED = {"no-new-privileges", "no-new-privileges:true", "no-new-privileges=true"}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)([bkmg]?)b?", re.I)


def host_config(compose: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of the engine's HostConfig. ValueError names the key whose value is none."""
    found: dict[str, Any] = {}
    for key, (word, read) in KEYS.items():
        if compose.get(key) is None:
            continue
        try:
            found[word] = read(compose[key])
        except (ValueError, TypeError, AttributeError, KeyError):
            raise ValueError(f"compose: {key} is not as Compose has it") from None
    return found


def left_over(container: Container) -> tuple[str, ...]:
    """The keys that say something the engine is not told, in their order."""
    return tuple(key for key, value in container.compose.items() if not _heard(key, value, container))


def _heard(key: str, value: object, container: Container) -> bool:
    if key in KEYS or key.startswith("x-") or value is None:
        return True
    same = SAME.get(key)
    return same is not None and same(value, container)


def _size(value: object) -> int:
    found = _SIZE.fullmatch(str(value))
    if found is None:
        raise ValueError
    return round(float(found[1]) * _UNITS[found[2].lower() or "b"])


def _whole(value: object) -> int:
    return int(str(value))


def _texts(value: object) -> list[str]:
    if isinstance(value, Mapping) or value is True:
        raise ValueError
    return [str(one) for one in value] if isinstance(value, list | tuple) else [str(value)]


def _pairs(value: Any, split: str) -> dict[str, str]:
    """Compose writes them as a mapping, or as a list of `NAME=VALUE`."""
    rows = (
        value.items() if isinstance(value, Mapping) else (re.split(split, text, maxsplit=1) for text in _texts(value))
    )
    return {str(name): str(one) for name, one in rows}


def _hosts(value: object) -> list[str]:
    return [f"{name}:{address.strip('[]')}" for name, address in _pairs(value, "[=:]").items()]


def _sysctls(value: object) -> dict[str, str]:
    return _pairs(value, "=")


def _ulimits(value: Any) -> list[dict[str, Any]]:
    rows = ((name, one if isinstance(one, Mapping) else {"soft": one, "hard": one}) for name, one in value.items())
    return [{"Name": name, "Soft": _whole(one["soft"]), "Hard": _whole(one["hard"])} for name, one in rows]


def _devices(value: object) -> list[dict[str, str]]:
    found = []
    for text in _texts(value):
        there, here, may = (*text.split(":"), "", "")[:3]
        found.append({"PathOnHost": there, "PathInContainer": here or there, "CgroupPermissions": may or "rwm"})
    return found


KEYS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "shm_size": ("ShmSize", _size),
    "extra_hosts": ("ExtraHosts", _hosts),
    "dns": ("Dns", _texts),
    "dns_search": ("DnsSearch", _texts),
    "dns_opt": ("DnsOptions", _texts),
    "ulimits": ("Ulimits", _ulimits),
    "group_add": ("GroupAdd", _texts),
    "sysctls": ("Sysctls", _sysctls),
    "devices": ("Devices", _devices),
    "cpu_shares": ("CpuShares", _whole),
    "cpuset": ("CpusetCpus", str),
    "mem_reservation": ("MemoryReservation", _size),
    "oom_score_adj": ("OomScoreAdj", _whole),
}
"""Of each key that the engine is told: its word there, and how the value is written there."""

SAME: dict[str, Callable[[Any, Container], bool]] = {
    "read_only": lambda value, one: value is one.security.read_only,
    "init": lambda value, one: value is one.security.init,
    "pids_limit": lambda value, one: value == one.security.pids,
    "tmpfs": lambda value, one: set(_listed(value)) <= set(one.security.tmpfs),
    "cap_add": lambda value, one: set(_listed(value)) <= set(one.security.cap_add),
    "cap_drop": lambda value, one: set(_listed(value)) <= set(one.security.cap_drop),
    "security_opt": lambda value, one: one.security.no_new_privileges and set(_listed(value)) <= _UNPRIVILEGED,
    "privileged": lambda value, one: value is False,
    "restart": lambda value, one: value in ("always", "unless-stopped"),
    "platform": lambda value, one: value == one.platform,
    "user": lambda value, one: value == one.user,
    "attach": lambda value, one: True,  # of a terminal that follows `docker compose up`
    "develop": lambda value, one: True,  # of `docker compose watch`
}
"""Keys that Fairlead has a word of its own for: whether that says the same already."""

INSTEAD = {
    "read_only": "security: {read_only: …}", "init": "security: {init: …}", "pids_limit": "security: {pids: …}",
    "tmpfs": "security: {tmpfs: […]}", "cap_add": "security: {cap_add: […]}", "cap_drop": "security: {cap_drop: […]}",
    "security_opt": "security: {no_new_privileges: …}", "logging": "logs: {size: …, files: …}", "user": "user: …",
    "healthcheck": "health: {engine: …}", "platform": "platform: …", "working_dir": "workdir: …",
    "ports": "publish: […]", "command": "command: …", "entrypoint": "entrypoint: …", "environment": "env: {…}",
    "volumes": "volumes: […]", "depends_on": "uses: […] or needs: […]", "mem_limit": "resources: {memory: …}",
    "cpus": "resources: {cpu: …}", "stop_signal": "stop: {signal: …}", "stop_grace_period": "stop: {grace: …}",
    "scale": "replicas: …", "networks": "networks: […]", "pull_policy": "pull_policy: …",
}  # fmt: skip
"""How the same is said to Fairlead."""


def _listed(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list | tuple) else [str(value)]
