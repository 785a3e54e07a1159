"""All of a Compose project: which services are stores, what they are called here, what stands beside them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from fairlead.operations.adopt import names
from fairlead.operations.adopt.compose import service
from fairlead.operations.adopt.compose.draft import SECRET, Draft, Shared
from fairlead.operations.adopt.compose.gather import Gathered, Read
from fairlead.operations.adopt.values import Values
from fairlead.project.tree import Mapping, Scalar, child, children, text_of
from fairlead.render.compose.project import network_section
from fairlead.render.networks import network

KINDS = (
    ("postgres", r"postgres|postgis|timescaledb(-ha)?|pgvector|postgresql|supabase/postgres"),
    ("redis", r"redis|redis-stack(-server)?|valkey|keydb"),
    ("s3", r"minio"),
    ("container", r"mysql|mariadb|percona|mongo|mongodb|elasticsearch|opensearch|clickhouse(-server)?|cassandra|couchdb"
                  r"|influxdb|neo4j|rabbitmq|nats|kafka|cp-kafka|zookeeper|memcached|clamav|etcd|meilisearch|typesense"
                  r"|qdrant|weaviate"),
)  # fmt: skip
"""Images that keep data: two of them at once, as in a rollout, would damage it."""

_REFERS = ("network_mode", "ipc", "pid")


@dataclass(slots=True)
class Imported:
    """A Compose project as sections of a project file."""

    services: dict[str, dict[str, Any]] = field(default_factory=dict)
    stores: dict[str, dict[str, Any]] = field(default_factory=dict)
    compose: dict[str, Any] = field(default_factory=dict)
    name: str | None = None
    places: dict[str, str] = field(default_factory=dict)  #: of services and stores: file:line


def imported(gathered: Gathered, values: Values, read: Read, beside: bool = False) -> Imported:
    """The sections; what could not become part of them is in the report of `values`.

    `beside` is whether there is an application beside the files: then they may be stores and nothing else.
    """
    for one in gathered.services.values():
        values.look_over(one)
    made = Imported(name=_name(gathered, values))
    shared = _shared(gathered, values, read, beside)
    for name, one in gathered.services.items():
        draft = Draft(shared.names[name], shared)
        _read(draft, name, one, shared)
        made.places[draft.name] = f"{one.path[0]}:{one.at.line}"
        if draft.compose:
            draft.own["compose"] = draft.compose
        if name in shared.stores:
            made.stores[draft.name] = _store(_kind(one, values), draft.own)
        else:
            made.services[draft.name] = draft.own
    _sections(made, gathered, shared)
    return made


def _store(kind: str | None, own: dict[str, Any]) -> dict[str, Any]:
    """Its image sets it up, and its data is there already. One with a command is run as it is anyway."""
    as_it_is = {} if kind == "container" or "command" in own else {"managed": False}
    return {"kind": kind, **as_it_is, **own}


def _read(draft: Draft, name: str, one: Mapping, shared: Shared) -> None:
    service.read(draft, one, name in shared.stores)
    _renamed(draft, name, one)
    if name in shared.once:
        draft.compose.setdefault("restart", "no")


def _name(gathered: Gathered, values: Values) -> str | None:
    return values.today(gathered.name) if isinstance(gathered.name, Scalar) else None


def _shared(gathered: Gathered, values: Values, read: Read, beside: bool) -> Shared:
    stores = {name for name, one in gathered.services.items() if _kind(one, values)}
    if len(stores) == len(gathered.services) and not beside:
        stores = set()  # a project has at least one service
    shared = Shared(values, values.report, read, _names(list(gathered.services)), frozenset(stores))
    shared.checked = frozenset(name for name, one in gathered.services.items() if "healthcheck" in one.items)
    shared.once = frozenset(
        str(name)
        for one in gathered.services.values()
        for name, entry in children(child(one, "depends_on"))
        if text_of(child(entry, "condition")) == "service_completed_successfully"
    )
    return shared


def _names(given: list[str]) -> dict[str, str]:
    """A name here for every name there, all different."""
    made: dict[str, str] = {}
    taken: set[str] = set()
    counts: dict[str, int] = {}
    for name in given:
        plain = found = names.fitting(name)
        while found in taken:
            counts[plain] = count = counts.get(plain, 1) + 1
            found = f"{plain[:32].rstrip('-')}-{count}"
        taken.add(found)
        made[name] = found
    return made


def _kind(one: Mapping, values: Values) -> str | None:
    """The kind of store an image is; None for what a team made itself."""
    image = one.items.get("image")
    if not isinstance(image, Scalar) or "build" in one.items:
        return None
    text = (values.today(image) or image.text).split("@")[0]
    path, _, last = text.rpartition("/")
    repository = last.split(":")[0].lower()
    whole = f"{path.rpartition('/')[2]}/{repository}".strip("/").lower()
    return next((k for k, pattern in KINDS if re.fullmatch(pattern, repository) or re.fullmatch(pattern, whole)), None)


def _renamed(draft: Draft, name: str, one: Mapping) -> None:
    """Others still reach it by the name it had; names in it are those that services have here."""
    known = draft.shared.names
    for key in _REFERS:
        text = draft.compose.get(key)
        if isinstance(text, str) and text.startswith("service:"):
            draft.compose[key] = f"service:{known.get(text[8:], text[8:])}"
    for key in ("links", "volumes_from"):
        listed: Any = draft.compose.get(key)
        for number, text in enumerate(listed if isinstance(listed, list) else ()):
            first, _, rest = str(text).partition(":")
            own = known.get(first, first)
            rest = rest or (first if key == "links" and own != first else "")
            listed[number] = f"{own}:{rest}" if rest else own
    if draft.name != name:
        draft.say("changed", one, f"{name} is not a name here; it is called {draft.name}, and can be reached as before")
        _alias(draft, name)


def _alias(draft: Draft, name: str) -> None:
    if "network_mode" in draft.compose:
        return
    said = draft.compose.get("networks")
    own = dict.fromkeys(draft.own.get("networks") or ["default"])
    joined: dict[str, Any] = said if isinstance(said, dict) and said else own
    draft.compose["networks"] = {network: _with_alias(more, name) for network, more in joined.items()}


def _with_alias(network: Any, name: str) -> dict[str, Any]:
    more = network if isinstance(network, dict) else {}
    aliases = more.get("aliases")
    return {**more, "aliases": [*(aliases if isinstance(aliases, list) else ()), name]}


def _sections(made: Imported, gathered: Gathered, shared: Shared) -> None:
    """Networks, volumes and what else stands beside the services, where Compose is told more than a name."""
    draft = Draft("", shared)
    used = {name for one in (*made.services.values(), *made.stores.values()) for name in _joined(one)}
    for section, entries in gathered.sections.items():
        for name, node in entries.items():
            said = draft.passed(node)
            if said is not SECRET and section == "networks" and name in used:
                said = _as_open(name, said or {})
            is_plain = said in (None, {})
            if said is SECRET or (is_plain and (section == "volumes" or (section == "networks" and name in used))):
                continue
            made.compose.setdefault(section, {})[name] = {} if said is None else said
            if section == "secrets":
                _file_secret(draft, name, node)
    _volumes(made, gathered)
    if made.name:
        made.compose["name"] = made.name


def _joined(one: dict[str, Any]) -> tuple[str, ...]:
    said = one.get("compose", {}).get("networks")  # as it stood in the file: anything
    names = said if isinstance(said, list | dict) else ()
    return (*one.get("networks", ()), *(name for name in names if isinstance(name, str)))


def _as_open(name: str, said: Any) -> Any:
    """A network as Docker Compose makes it, where one of that name is closed here: null takes away what closes it.

    What is no network is left as it is, for whoever reads it next to say so.
    """
    if not isinstance(said, dict) or not isinstance(said.get("driver_opts", {}), dict):
        return said
    closed = {} if said.get("external") else network_section(network(name))
    options = dict.fromkeys(closed.get("driver_opts", {}))
    taken = {"driver_opts": {**options, **said["driver_opts"]} if "driver_opts" in said else None} if options else {}
    return ({"internal": False} if closed.get("internal") else {}) | said | taken


def _file_secret(draft: Draft, name: str, node: Any) -> None:
    where = text_of(child(node, "file")) or text_of(child(node, "environment"))
    if names.is_variable(name):
        draft.shared.values.secrets.setdefault(name, ("file", name))
        said = f"its value is still taken from {where}" if where else "Docker has its value"
        draft.say("note", node, f"{said}; `fairlead secrets set ENV {name}` makes it one of Fairlead's")
    else:
        draft.say("note", node, "not a name that a secret can have here; it stays one of Docker Compose's own")


def _volumes(made: Imported, gathered: Gathered) -> None:
    """Those that only a service's own words name have to be named here too."""
    for one in (*made.services.values(), *made.stores.values()):
        listed: Any = one.get("compose", {}).get("volumes")
        for volume in listed if isinstance(listed, list) else ():
            source = volume.get("source") if isinstance(volume, dict) else str(volume).partition(":")[0]
            if isinstance(source, str) and source in gathered.sections["volumes"]:
                made.compose.setdefault("volumes", {}).setdefault(source, {})
