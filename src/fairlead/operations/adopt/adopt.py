"""A folder with Compose files as a project: its sections, and everything that did not come over as it was."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairlead.errors import ConfigurationError, Finding
from fairlead.operations.adopt import environments, hardcoded, names
from fairlead.operations.adopt.compose.gather import gather
from fairlead.operations.adopt.compose.project import Imported, imported
from fairlead.operations.adopt.left import Left, Report
from fairlead.operations.adopt.reading import Folder
from fairlead.operations.adopt.values import Values

STEMS = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
SECTIONS = ("services", "stores")
HEAD = """The project, made from {files}. Every key is explained in the reference; `fairlead schema` helps your editor.
Values of secrets do not stand here: `fairlead secrets init local`, then `fairlead secrets import local .env`.
Next: fairlead env check, then fairlead render local"""
ABOVE: dict[tuple[str, ...], str] = {
    ("variables",): "plain ones; each environment may have its own values, here below or in .env.ENVIRONMENT",
    ("secrets",): "names only; the values are in secrets/ENVIRONMENT.yaml, encrypted",
    ("services",): "what runs",
    ("stores",): "what keeps data: never two at once, and no part of a rollout",
    ("compose",): "what only a Compose file knows; rendered as it is",
    ("environments",): "where it runs; each may change any value above",
}
_NAME = "COMPOSE_PROJECT_NAME"
OVERRIDES = ("compose.override.yml", "compose.override.yaml", "docker-compose.override.yml",
             "docker-compose.override.yaml")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Adopted:
    """A project that was read from what there is."""

    tree: Mapping[str, Any]
    files: tuple[str, ...]
    places: Mapping[str, str]  #: of services and stores: file:line
    left: tuple[Left, ...]


def compose_files(root: Path) -> list[str]:
    """The Compose file of a folder and its override, as Docker Compose looks for them; none when there is none."""
    folder = Folder(root)
    found = folder.first(*STEMS)
    override = folder.first(*OVERRIDES)
    return [found, *([override] if override else [])] if found else []


def adopt(root: Path, files: list[str], name: str, beside: Mapping[str, Any] | None = None) -> Adopted:
    """The project of these Compose files. ConfigurationError when one of them cannot be read.

    `name` is what the project is called when the files do not say. `beside` is the service that lies beside them:
    it counts where they have only stores, as files for development do.
    """
    folder, report = Folder(root), Report()
    values = Values(environments.read(folder, report), report)
    gathered = gather(files, folder, report)
    made = imported(gathered, values, folder, beside is not None)
    if not made.services and beside is None:
        lost = [one.finding for one in report.left if one.kind == "lost"]
        raise ConfigurationError(lost or [Finding(files[0], 1, 1, "services", "there is none")])
    hardcoded.find(gathered.services.values(), values)
    used = {*values.taken, _NAME}
    environments.learn(values, folder, environments.examples(folder))
    environments.unused(values, used)
    tree: dict[str, Any] = {"name": names.fitting(made.name or name)}
    tree |= environments.named(values)
    tree["services"] = made.services or {"web": dict(beside or {})}
    tree |= {key: one for key, one in (("stores", made.stores), ("compose", made.compose)) if one}
    called = None if made.name else _called(values.lookup(_NAME) or root.resolve().name)
    tree["environments"] = _environments(values, environments.others(folder), made, called)
    return Adopted(tree, tuple(dict.fromkeys(gathered.files)), made.places, tuple(report.left))


def _called(text: str) -> str:
    """What Docker Compose calls a project that does not say its name: its volumes and networks begin with it."""
    return re.sub(r"[^-_a-z0-9]", "", text.lower()).lstrip("_-")


def _environments(values: Values, others: list[str], made: Imported, called: str | None) -> dict[str, Any]:
    """`local` is what runs from `.env`, with the volumes it has; a file `.env.NAME` is an environment of its own."""
    here = environments.here(values)
    routed = any(one.get("routes") for one in made.services.values())
    edge = {"edge": {"http": 8080}} if routed or not made.services else {}
    local: dict[str, Any] = {"runtime": "docker", **edge} | ({"variables": here} if here else {})
    own = called if made.services else None
    local |= _named(own)
    if not made.services:  # the stores go on as they do today; the application can be deployed at once
        local |= {"runtime": "process", "stores": dict.fromkeys(made.stores)}
    more = [name for name in others if name != "local"]
    return {"local": local} | {name: {"runtime": "docker", **edge, **_named(own and f"{own}-{name}")} for name in more}


def _named(called: str | None) -> dict[str, Any]:
    return {"compose": {"name": called}} if called else {}
