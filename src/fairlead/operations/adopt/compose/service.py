"""One Compose service to one of the project's services or stores: a table of what becomes of every key."""

from __future__ import annotations

import re
from typing import Any

from fairlead.operations.adopt.compose import commands, environment, places, running, units
from fairlead.operations.adopt.compose.draft import SECRET, Draft, Handler
from fairlead.operations.adopt.names import is_variable
from fairlead.project import values
from fairlead.project.stack import LogBounds
from fairlead.project.tree import Items, Mapping, Node, Scalar, text_of
from fairlead.render.compose.spec import logging


def image(draft: Draft, node: Node) -> None:
    """An image that exists."""
    found = draft.line(node)
    if found:
        draft.own["image"] = found


def build(draft: Draft, node: Node) -> None:
    """An image made here; what is outside of the project is kept for Compose."""
    if not isinstance(node, Mapping):
        return
    made: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    for key, one in node.items.items():
        found = _built(draft, key, one)
        place, value = (rest, draft.passed(one)) if found is None else (made, found)
        if value is not SECRET:
            place[key] = value
    if "context" not in made:
        made["context"] = "."
    draft.own["build"] = made
    if rest:
        draft.compose["build"] = rest


def _built(draft: Draft, key: str, node: Node) -> Any:
    """A key of `build` that Fairlead has too; None for others."""
    if key in ("context", "dockerfile"):
        return _inside(draft.line(node))
    if key == "target":
        return draft.line(node)
    if key == "args":
        return _args(draft, node)
    if key == "secrets" and isinstance(node, Items):
        names = [text_of(item) or "" for item in node.items]
        if all(map(is_variable, names)):
            draft.shared.values.secrets.update({name: ("file", name) for name in names})
            return names
    return None


def _inside(text: str | None) -> str | None:
    try:
        return values.inside(text.removesuffix("/") or text) if text and "://" not in text else None
    except ValueError:
        return None


def _args(draft: Draft, node: Node) -> dict[str, str] | None:
    if not isinstance(node, Mapping) or not all(map(is_variable, node.items)):
        return None
    made = {}
    for key, one in node.items.items():
        text = draft.text(_from_outside(key, one))
        if text is None or text.secrets:
            draft.say("lost", one, "a build argument stays in the image; use a secret of the build")
        else:
            made[key] = text.text
    return made


def _from_outside(key: str, node: Node) -> Node:
    is_null = isinstance(node, Scalar) and node.value is None
    return Scalar(node.path, node.mark, node.key, f"${{{key}}}", f"${{{key}}}") if is_null else node


def user(draft: Draft, node: Node) -> None:
    """Who runs it."""
    _line(draft, node, "user", "user")


def working_dir(draft: Draft, node: Node) -> None:
    """Where it starts."""
    _line(draft, node, "working_dir", "workdir")


def _line(draft: Draft, node: Node, key: str, own: str) -> None:
    found = draft.line(node)
    if found:
        draft.own[own] = found
    else:
        draft.keep(key, node)


HANDLERS: dict[str, Handler] = {
    "image": image,
    "build": build,
    "entrypoint": commands.entrypoint,
    "command": commands.command,
    "env_file": environment.env_file,
    "environment": environment.environment,
    "secrets": environment.secrets,
    "healthcheck": commands.healthcheck,
    "user": user,
    "working_dir": working_dir,
    "volumes": places.volumes,
    "networks": places.networks,
    "labels": running.labels,
    "ports": places.ports,
    "expose": places.expose,
    "depends_on": running.depends_on,
    "deploy": running.deploy,
    "scale": running.scale,
    "cpus": running.cpus,
    "mem_limit": running.mem_limit,
    "stop_signal": running.stop_signal,
    "stop_grace_period": running.stop_grace_period,
    "profiles": running.profiles,
    "container_name": running.container_name,
}
"""In this order: a key may look at what those before it have said. `command` and `healthcheck` come after what gives a
service its secrets, so that they find them."""

STORE = ("image", "command", "env_file", "environment", "secrets", "volumes", "networks", "deploy", "cpus", "mem_limit",
         "depends_on", "profiles", "container_name")  # fmt: skip
"""Those that a store has a place for; the rest is kept for Compose."""

PASSED = frozenset({
    "annotations", "attach", "blkio_config", "cap_add", "cap_drop", "cgroup", "cgroup_parent", "configs", "cpu_count",
    "cpu_percent", "cpu_period", "cpu_quota", "cpu_rt_period", "cpu_rt_runtime", "cpu_shares", "cpuset",
    "credential_spec", "develop", "device_cgroup_rules", "devices", "dns", "dns_opt", "dns_search", "domainname",
    "external_links", "extra_hosts", "gpus", "group_add", "hostname", "init", "ipc", "isolation", "label_file", "links",
    "logging", "mac_address", "mem_reservation", "mem_swappiness", "memswap_limit", "models", "network_mode",
    "oom_kill_disable", "oom_score_adj", "pid", "pids_limit", "platform", "post_start", "pre_start", "pre_stop",
    "privileged", "provider", "pull_policy", "pull_refresh_after", "read_only", "restart", "runtime", "security_opt",
    "shm_size", "stdin_open", "storage_opt", "sysctls", "tmpfs", "tty", "ulimits", "umask", "use_api_socket",
    "userns_mode", "uts", "volumes_from",
})  # fmt: skip
"""Keys of the Compose specification that only Compose knows: handed on as they are."""

LOGGING = logging(LogBounds())
USUAL = {"restart": "unless-stopped", "logging": LOGGING}
"""What every service of a rendered Compose file has."""

ORDER = (
    "image", "build", "entrypoint", "command", "port", "health", "routes", "networks", "uses", "needs", "env",
    "secrets", "replicas", "resources", "security", "user", "workdir", "volumes", "publish", "stop",
)  # fmt: skip
"""Fairlead's keys as a person reads them."""


def read(draft: Draft, service: Mapping, store: bool) -> None:
    """Fills the draft from a service. Every key of it is then in the draft or in the report."""
    handlers = {key: one for key, one in HANDLERS.items() if not store or key in STORE}
    if store:
        handlers["healthcheck"] = commands.store_healthcheck
    late = [key for key in ("entrypoint", "command", "healthcheck") if key in handlers]
    for key in [*(key for key in handlers if key not in late), *late]:
        if key in service.items:
            handlers[key](draft, service.items[key])
    for key, node in service.items.items():
        if key not in handlers:
            if key not in PASSED and key not in HANDLERS and not key.startswith("x-"):
                draft.say("note", node, "not a key of the Compose specification; it is kept as it is")
            draft.keep(key, node)
    _finish(draft, store)


def _finish(draft: Draft, store: bool) -> None:
    for key, usual in USUAL.items():
        if draft.compose.get(key) == usual:
            del draft.compose[key]
    _without_usual_options(draft.compose.get("logging"))
    draft.own["security"] = "off"  # as Docker Compose runs it; each switch that it gets on with is better
    if "networks" not in draft.own and not {"networks", "network_mode"} & draft.compose.keys():
        draft.own["networks"] = ["default"]
    if draft.secrets:
        draft.own["secrets"] = [_short(one) for one in draft.secrets.values()]
    if store:
        for key in ("replicas", "uses", "needs"):
            _handed_back(draft, key)
    elif "port" not in draft.own and draft.own.get("publish"):
        port = _target(draft.own["publish"][0])
        if port:
            draft.own["port"] = port
    if draft.own.get("routes") and "port" not in draft.own:
        draft.own.pop("routes")
    draft.own = {key: draft.own[key] for key in ORDER if key in draft.own}


def _without_usual_options(logging: Any) -> None:
    """Null takes out of a rendered file what another driver would not understand."""
    if isinstance(logging, dict):
        given = logging.get("options") or {}
        usual = LOGGING["options"]
        logging["options"] = {**given, **{key: None for key in usual if key not in given}} if given else None


def _handed_back(draft: Draft, key: str) -> None:
    """What a store has no key for, said as Compose says it."""
    found = draft.own.pop(key, None)
    if found is not None and key == "replicas":
        draft.compose["scale"] = found
    elif found is not None:
        for name in found:
            condition = "service_healthy" if _is_checked(draft, name) else "service_started"
            draft.compose.setdefault("depends_on", {}).setdefault(name, {"condition": condition})


def _is_checked(draft: Draft, name: str) -> bool:
    return any(own == name and one in draft.shared.checked for one, own in draft.shared.names.items())


def _short(secret: dict[str, str]) -> dict[str, str] | str:
    return secret["name"] if secret["as"] == "file" and "key" not in secret else secret


def _target(published: str) -> int | None:
    return units.whole(re.split(r"[:/]", published.removesuffix("/tcp"))[-1]) if "/udp" not in published else None
