"""How a service runs: how many, with what, in which order, and how it ends."""

from __future__ import annotations

import re
from typing import Any

from fairlead.operations.adopt.compose import units
from fairlead.operations.adopt.compose.draft import SECRET, Draft
from fairlead.project.tree import Mapping, Node, Scalar, child, children, text_of

_SIGNALS = ("SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGWINCH")


def deploy(draft: Draft, node: Node) -> None:
    """`replicas` and the limits are Fairlead's; the rest is for Compose, or for a swarm."""
    if not isinstance(node, Mapping):
        draft.keep("deploy", node)
        return
    rest: dict[str, Any] = {}
    for key, one in node.items.items():
        left = _deployed(draft, key, one)
        if left is not SECRET and left != {}:
            rest[key] = left
    if rest:
        draft.compose["deploy"] = rest


def _deployed(draft: Draft, key: str, node: Node) -> Any:
    """What is left of a key of `deploy` for Compose; an empty mapping is nothing."""
    if key == "replicas":
        scale(draft, node)
        return draft.compose.pop("scale", {})
    if key == "labels":
        labels(draft, node, "deploy labels")
    if key != "resources" or not isinstance(node, Mapping):
        return draft.passed(node)
    found = {name: _limits(draft, one) if name == "limits" else draft.passed(one) for name, one in node.items.items()}
    return {name: one for name, one in found.items() if one not in (SECRET, {})}


def _limits(draft: Draft, node: Node) -> Any:
    if not isinstance(node, Mapping):
        return draft.passed(node)
    rest: dict[str, Any] = {}
    for key, one in node.items.items():
        if not (key == "cpus" and _cpu(draft, one)) and not (key == "memory" and _memory(draft, one)):
            rest[key] = draft.passed(one)
    return rest


def _cpu(draft: Draft, node: Node) -> bool:
    found = units.number(node.text) if isinstance(node, Scalar) else None
    if found:
        draft.own.setdefault("resources", {})["cpu"] = found
    return bool(found)


def _memory(draft: Draft, node: Node) -> bool:
    found = units.size(node.text) if isinstance(node, Scalar) else None
    if found and found != "0B":
        draft.own.setdefault("resources", {})["memory"] = found
    return bool(found) and found != "0B"


def cpus(draft: Draft, node: Node) -> None:
    """The old place of a limit."""
    if "cpu" in draft.own.get("resources", {}) or not _cpu(draft, node):
        draft.keep("cpus", node)


def mem_limit(draft: Draft, node: Node) -> None:
    """The old place of a limit."""
    if "memory" in draft.own.get("resources", {}) or not _memory(draft, node):
        draft.keep("mem_limit", node)


def scale(draft: Draft, node: Node) -> None:
    """How many; none at all is something only Compose knows."""
    today = draft.shared.values.today(node) if isinstance(node, Scalar) else None
    found = units.whole(today or "")
    if found is None or not 1 <= found <= 100:
        draft.keep("scale", node)
        return
    if isinstance(node, Scalar) and today != node.text:
        draft.say("changed", node, f"replicas takes no variable; what it is today was written in: {found}")
    if found > 1:
        draft.own["replicas"] = found


def depends_on(draft: Draft, node: Node) -> None:
    """The start order. A condition that does not follow from it is kept for Compose."""
    if not isinstance(node, Mapping):
        draft.say("lost", node, "expected the names of services")
        return
    for name, one in node.items.items():
        _depends(draft, name, one)


def _depends(draft: Draft, name: str, node: Node) -> None:
    shared = draft.shared
    if name not in shared.names:
        draft.say("lost", node, f"there is no service {name}")
        return
    condition = text_of(child(node, "condition")) or "service_started"
    usual = "service_healthy" if name in shared.checked else "service_started"
    if condition != "service_completed_successfully":
        place = "uses" if name in shared.stores else "needs"
        draft.own.setdefault(place, []).append(shared.names[name])
    else:
        draft.say("note", node, f"{name} runs once and ends; `jobs` is the place for that")
    extra = {str(key): draft.passed(one) for key, one in children(node) if key != "condition"}
    extra = {key: one for key, one in extra.items() if (key, one) not in (("required", True), ("restart", False))}
    if condition != usual or extra:
        draft.compose.setdefault("depends_on", {})[shared.names[name]] = {"condition": condition, **extra}


def stop_signal(draft: Draft, node: Node) -> None:
    """One of those a program can catch."""
    found = draft.line(node)
    name = f"SIG{found.removeprefix('SIG')}" if found else ""
    if name in _SIGNALS:
        draft.own.setdefault("stop", {})["signal"] = name
    else:
        draft.keep("stop_signal", node)


def stop_grace_period(draft: Draft, node: Node) -> None:
    """From the signal to the end by force."""
    found = units.duration(node.text) if isinstance(node, Scalar) else None
    if found:
        draft.own.setdefault("stop", {})["grace"] = found
    else:
        draft.keep("stop_grace_period", node)


def profiles(draft: Draft, node: Node) -> None:
    """Fairlead starts every service of an environment."""
    draft.keep("profiles", node)
    names = ", ".join(one.text for _, one in children(node) if isinstance(one, Scalar))
    draft.say("note", node, f"Docker Compose starts it only with the profile {names}; remove it where it is not wanted")


def container_name(draft: Draft, node: Node) -> None:
    """A name of its own is one that only one instance can have."""
    draft.keep("container_name", node)
    draft.say("note", node, "only one container can have it: no second instance, no release beside another")


def labels(draft: Draft, node: Node, key: str = "labels") -> None:
    """Kept as they are; what Traefik is told by them is a route where that is clear."""
    if key == "labels":
        draft.keep(key, node)
    rules = {str(name): one for name, one in children(node) if _ROUTER.fullmatch(str(name))}
    for one in rules.values():
        found = _routes(draft.line(one) or "") if isinstance(one, Scalar) else []
        if not found:
            draft.say("note", one, "more than one host and one path, or a variable in it: Fairlead has no route for it")
        routes = draft.own.setdefault("routes", [])
        routes += [route for route in found if route not in routes]
    for name, one in children(node):
        port = units.whole(one.text) if isinstance(one, Scalar) and _PORT.fullmatch(str(name)) else None
        if port:
            draft.own["port"] = port
    if not draft.own.get("routes"):
        draft.own.pop("routes", None)


_ROUTER = re.compile(r"traefik\.http\.routers\.[^.]+\.rule")
_PORT = re.compile(r"traefik\.http\.services\.[^.]+\.loadbalancer\.server\.port")
_HOST = r"Host\(`([A-Za-z0-9.-]+)`\)"
_PREFIX = r"Path(?:Prefix)?\(`(/[A-Za-z0-9._~/-]*)`\)"
_RULE = re.compile(rf"\(?\s*(?:{_HOST}|{_PREFIX})\s*(?:&&\s*{_PREFIX})?\s*\)?")


def _routes(rule: str) -> list[dict[str, str] | str]:
    """Of ``Host(`a`) && PathPrefix(`/b`)`` and several of these with `||` between; empty for anything else."""
    made: list[dict[str, str] | str] = []
    for part in rule.split("||"):
        match = _RULE.fullmatch(part.strip())
        if match is None:
            return []
        host, path = match[1], match[2] or match[3] or "/"
        made.append({"path": path, "host": host} if host else path)
    return made
