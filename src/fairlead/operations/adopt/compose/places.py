"""What a container touches outside of itself: ports, volumes, networks."""

from __future__ import annotations

import re

from fairlead.operations.adopt.compose import units
from fairlead.operations.adopt.compose.draft import Draft
from fairlead.project import values
from fairlead.project.services import Published
from fairlead.project.tree import Items, Mapping, Node, Scalar, child, children

_PUBLISHED = re.compile(Published.__metadata__[0].schema["pattern"])  # type: ignore[attr-defined]
_PORT_KEYS = {"target", "published", "protocol", "host_ip", "mode"}
_VOLUME_KEYS = {"type", "source", "target", "read_only", "bind"}


def ports(draft: Draft, node: Node) -> None:
    """All in the short form, or all as they are: Compose takes one list."""
    found = [_port(draft, item) for _, item in children(node)]
    if isinstance(node, Items) and all(found):
        if found:
            draft.own["publish"] = found
    else:
        draft.keep("ports", node)


def _port(draft: Draft, item: Node) -> str | None:
    """None where Docker Compose is to choose the port of the machine: here it is the same as inside then."""
    text = _short_port(draft, item) if isinstance(item, Mapping) else draft.line(item)
    return text if text and ":" in text and _PUBLISHED.fullmatch(text) else None


def _short_port(draft: Draft, item: Mapping) -> str | None:
    said = {key: draft.line(one) or "" for key, one in item.items.items() if key in _PORT_KEYS}
    if set(item.items) - _PORT_KEYS or said.get("mode") == "host" or not said.get("target"):
        return None
    address = f"{said['host_ip']}:" if said.get("host_ip") else ""
    published = f"{said['published']}:" if said.get("published") else ":" if address else ""
    protocol = f"/{said['protocol']}" if said.get("protocol", "tcp") != "tcp" else ""
    return f"{address}{published}{said['target']}{protocol}" if published.strip(":") else None


def volumes(draft: Draft, node: Node) -> None:
    """All in the short form, or all as they are."""
    found = [_volume(draft, item) for _, item in children(node)]
    if isinstance(node, Items) and all(found):
        if found:
            draft.own["volumes"] = found
    else:
        draft.keep("volumes", node)


def _volume(draft: Draft, item: Node) -> str | None:
    if not isinstance(item, Mapping):
        return draft.line(item)
    said = {key: draft.line(one) or "" for key, one in item.items.items() if isinstance(one, Scalar)}
    bind = {(key, one.text if isinstance(one, Scalar) else "") for key, one in children(child(item, "bind"))}
    if set(item.items) - _VOLUME_KEYS or not bind <= {("create_host_path", "true")}:  # as the short form has it
        return None
    if said.get("type") not in ("volume", "bind") or not said.get("target") or ":" in said.get("source", ""):
        return None
    source = f"{said['source']}:" if said.get("source") else ""
    if said["type"] == "bind" and not source.startswith((".", "/", "~", "$")):
        return None
    return f"{source}{said['target']}" + (":ro" if said.get("read_only") == "true" else "")


def networks(draft: Draft, node: Node) -> None:
    """Their names, and what Compose says of each where that is more."""
    entries = list(children(node))
    names = [str(name) for name, _ in entries]
    if isinstance(node, Mapping) and names and all(re.fullmatch(values.NAME, name) for name in names):
        draft.own["networks"] = names
    if "networks" not in draft.own or any(not isinstance(one, Scalar) or one.value is not None for _, one in entries):
        draft.keep("networks", node)


def expose(draft: Draft, node: Node) -> None:
    """Stays as it is; the only one is the port that takes requests."""
    draft.keep("expose", node)
    found = [units.whole(item.text) for _, item in children(node) if isinstance(item, Scalar)]
    if len(found) == 1 and found[0] and "port" not in draft.own:
        draft.own["port"] = found[0]
