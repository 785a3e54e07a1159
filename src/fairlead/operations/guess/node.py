"""A Node project: package.json says how it starts, the lock file which package manager it uses."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

from fairlead.operations.guess.service import Guess, files, nearest_health

SHELL = re.compile(r"[|&;<>()$`\\\"'*?#~=%]")  #: what a shell would do something with
MANAGERS = {
    "package-lock.json": ("npm ci", "npm ci --omit=dev", "npm run build"),
    "npm-shrinkwrap.json": ("npm ci", "npm ci --omit=dev", "npm run build"),
    "pnpm-lock.yaml": ("pnpm install --frozen-lockfile", "pnpm install --frozen-lockfile --prod", "pnpm run build"),
    "yarn.lock": ("yarn install --frozen-lockfile", "yarn install --frozen-lockfile --production", "yarn run build"),
}
_PATH = re.compile(r"""["'`](/[a-z]+(?:/[a-z]+)?)["'`]""")


def guess(root: Path) -> Guess | None:
    """The web service of the package in `root`; None when there is no package.json, or nothing to start."""
    package = _package(root)
    if package is None:
        return None
    command, said = _start(root, package)
    if command is None:
        return None
    prepare, inputs, more = _prepare(root, package)
    paths = {path for file in files(root, (".js", ".mjs", ".cjs", ".ts")) for path in _paths(file)}
    because = (said, more, "the application must listen on the PORT of its environment")
    test = "npm test" if "test" in _scripts(package) else None
    return Guess(command, prepare, inputs, nearest_health(paths), ("node_modules/",), test, because)


def _package(root: Path) -> dict[str, Any] | None:
    try:
        data = json.loads((root / "package.json").read_text())
    except (OSError, ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _scripts(package: dict[str, Any]) -> dict[str, Any]:
    found = package.get("scripts")
    return found if isinstance(found, dict) else {}


def _start(root: Path, package: dict[str, Any]) -> tuple[str | None, str]:
    """`node` itself where that is possible: npm between supervisor and application swallows signals."""
    script = str(_scripts(package).get("start", ""))
    if script.startswith("node ") and not SHELL.search(script):
        return shlex.join(shlex.split(script)), "the start script of package.json, run without npm"
    if script:
        return "npm start", "the start script of package.json"
    for name in (package.get("main"), "server.js", "index.js", "app.js"):
        if name and (root / str(name)).is_file():
            return f"node {shlex.quote(str(name))}", f"{name}; package.json has no start script"
    return None, ""


def _prepare(root: Path, package: dict[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    builds = "build" in _scripts(package)
    for lock, (everything, production, build) in MANAGERS.items():
        if (root / lock).exists():
            if builds:
                return (everything, build), (), f"dependencies from {lock}, and the build script"
            return (production,), ("package.json", lock), f"dependencies from {lock}"
    if not package.get("dependencies") and not builds:
        return (), (), "no dependencies"
    run = ("npm install", "npm run build") if builds else ("npm install --omit=dev",)
    return run, () if builds else ("package.json",), "no lock file: a build tomorrow may get other versions"


def _paths(file: Path) -> set[str]:
    try:
        return set(_PATH.findall(file.read_text(errors="replace")[:200_000]))
    except OSError:
        return set()
