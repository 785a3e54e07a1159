"""Run the `prepare` commands of a service: without a shell, in a clean environment, with the base interpreter.

Clean means: what a build legitimately takes from a person's machine (proxies, certificates, the settings of package
managers) and nothing else, so that an artifact does not depend on who built it, and a secret in the deployer's
environment does not end in a build log.
"""

from __future__ import annotations

import os
import posixpath
import re
import shlex
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

from fairlead.artifacts.orphans import MARK
from fairlead.artifacts.source import SourceFile, SourceTree
from fairlead.errors import FairleadError, UsageError
from fairlead.project.stack import Prepare
from fairlead.system.commands import Command, Outcome, run
from fairlead.system.files import free_bytes

_KEPT = re.compile(
    r"(?:HOME|USER|LOGNAME|LANG|LC_\w+|TZ|TMPDIR|XDG_(?:CACHE|CONFIG|DATA)_HOME|CI"
    r"|\w*_PROXY|\w*_proxy|SSL_CERT_\w+|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|NODE_EXTRA_CA_CERTS|GIT_SSL_\w+"
    r"|(?:PIP|UV|POETRY|NPM|npm|YARN|PNPM|COREPACK|BUNDLE|CARGO|RUSTUP)_\w+|NODE_OPTIONS|GOPROXY|GOFLAGS|SOURCE_DATE_EPOCH)"
)
_LITTLE = 1 << 20  #: bytes; a command that fails with less than this left failed because of it
_NO_VENV = ("ensurepip is not available", "No module named venv", "No module named ensurepip")


def base_python() -> str:
    """The interpreter `${PYTHON}` stands for: the one below Fairlead's own virtual environment.

    An environment made by an environment's python would break when Fairlead is moved or upgraded.
    """
    base = getattr(sys, "_base_executable", None)
    return base if base and os.access(base, os.X_OK) else sys.executable


def interpreter() -> dict[str, str]:
    """What a prepared tree depends on beside its files: the interpreter's version, platform and place."""
    return {
        "version": ".".join(map(str, sys.version_info)),
        "implementation": sys.implementation.name,
        "platform": sysconfig.get_platform(),
        "path": base_python(),
    }


def parse(line: str) -> tuple[str, ...]:
    """One command line as arguments, what stands for a program filled in.

    UsageError when it is empty or a quote is not closed.
    """
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise UsageError(f"prepare.run: `{line}`: {error}", "quote it as for a shell") from error
    if not words:
        raise UsageError("prepare.run: an empty command", "remove the line")
    known = {"${PYTHON}": base_python(), "${FAIRLEAD}": sys.executable}
    for name, program in known.items():
        words = [word.replace(name, program) for word in words]
    return tuple(words)


def environment(folder: Path) -> dict[str, str]:
    """The environment of the commands that build in `folder`."""
    env = {name: value for name, value in os.environ.items() if _KEPT.fullmatch(name)}
    own = Path(sys.prefix, "bin") if sys.prefix != sys.base_prefix else None
    places = os.environ.get("PATH", os.defpath).split(os.pathsep)
    # `pip` must never mean the pip of the environment Fairlead itself is installed in
    env["PATH"] = os.pathsep.join(place for place in places if own is None or Path(place) != own)
    env.setdefault("LANG", "C.UTF-8")
    env[MARK] = str(folder)
    return env


def inputs_of(source: SourceTree, prepare: Prepare) -> tuple[SourceFile, ...]:
    """The files that `prepare.inputs` names, ordered by path. FairleadError for a name that is not in the source."""
    found: dict[str, SourceFile] = {}
    for name in prepare.inputs:
        files = source.below(posixpath.normpath(name))
        if not files:
            raise _unknown_input(source, name)
        found |= {file.path: file for file in files}
    return tuple(found[path] for path in sorted(found))


def _unknown_input(source: SourceTree, name: str) -> FairleadError:
    if (source.root / name).exists():
        why, hint = "is left out of the source", "remove it from .gitignore, or write `!name` in .fairleadignore"
    else:
        why, hint = "is not there", "check the name; it is relative to the source"
    return FairleadError(f"prepare.inputs: `{name}` {why} in {source.root}", hint)


def run_all(prepare: Prepare, tree: Path, on_line: Callable[[str], None]) -> None:
    """Run the commands in order in `tree`; FairleadError with the last lines of output when one fails."""
    env = environment(tree.parent)
    for line in prepare.run:
        on_line(f"$ {line}")
        outcome = run(Command(parse(line), cwd=tree, env=env), on_line)
        if not outcome:
            raise _failed(outcome, tree)


def _failed(outcome: Outcome, tree: Path) -> FairleadError:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    if any(mark in outcome.output for mark in _NO_VENV):
        return FairleadError(
            f"prepare: {base_python()} cannot make virtual environments: its venv module is not installed",
            f"install it: apt install python3-venv (or python{version}-venv)",
        )
    hint = "correct prepare.run, or the file it reads, and run the command again"
    if outcome.code == 127:
        hint = "install the program, or correct prepare.run"
    if "No space left on device" in outcome.output or free_bytes(tree) < _LITTLE:
        hint = "no space is left on the disk: free some, then run the command again"
    try:
        outcome.require("prepare")
    except FairleadError as error:
        return FairleadError(error.message, hint)
    return FairleadError("prepare failed", hint)
