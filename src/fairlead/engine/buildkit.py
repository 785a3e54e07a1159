"""BuildKit, by the docker command: `docker buildx`, or `docker build` of one older than 23, which has it built in.

What is said to the command: the context on its standard input, secrets as files in a folder in memory that is gone
when the build is, who we are to registries in a copy of docker's own file there.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fairlead.engine.engine import Engine
from fairlead.engine.login import Login, auth_key
from fairlead.system.commands import Command, run
from fairlead.system.private import private_folder
from fairlead.system.streams import stream

if TYPE_CHECKING:
    from fairlead.engine.building import BuildOrder

BUILT_IN = 23  #: commands before this version have BuildKit built in; later ones need the plugin
ASKING = 20.0  #: seconds the command has to say what it is


@dataclass(frozen=True, slots=True)
class BuildKit:
    """How it is started."""

    argv: tuple[str, ...]
    env: Mapping[str, str]


def find_buildkit(engine: Engine) -> BuildKit | None:
    """The first docker command on PATH that has it; None when none does."""
    for program in _programs():
        if run(Command((program, "buildx", "version"), env=_environment(engine), timeout=ASKING)):
            return BuildKit((program, "buildx", "build", "--load"), {"BUILDX_NO_DEFAULT_ATTESTATIONS": "1"})
        if 0 < _version(program, engine) < BUILT_IN:
            return BuildKit((program, "build"), {"DOCKER_BUILDKIT": "1"})
    return None


def _programs() -> Iterator[str]:
    seen = set()
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        program = Path(folder or ".") / "docker"
        if os.access(program, os.X_OK) and program.resolve() not in seen:
            seen.add(program.resolve())
            yield str(program)


def _version(program: str, engine: Engine) -> int:
    """Of the command, its first number; 0 when it does not say."""
    argv = (program, "version", "--format", "{{.Client.Version}}")
    said = run(Command(argv, env=_environment(engine), timeout=ASKING)).output.strip()
    first = said.partition(".")[0]
    return int(first) if first.isdigit() else 0


def _environment(engine: Engine) -> dict[str, str]:
    """Ours, with the engine that we use: the command would ask its contexts, which the SDK does not know."""
    host = engine.host or os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    return dict(os.environ) | {"DOCKER_HOST": host}


def build_with(
    kit: BuildKit, engine: Engine, order: BuildOrder, logins: Mapping[str, Login], hear: Callable[[str], None],
    silence: float,
) -> str:  # fmt: skip
    """Build; why it failed, empty when it did not."""
    with private_folder() as folder:
        env = _environment(engine) | dict(kit.env)
        if logins:
            env["DOCKER_CONFIG"] = str(_own_config(folder / "docker", logins))
        command = Command((*kit.argv, *arguments(order, _secret_files(folder, order)), "-"), env=env)
        done = stream(command, hear, order.context, silence)
    if done.timed_out:
        return f"the step said nothing for {silence:g} s and was ended"
    return "" if done else done.output or f"docker exited with {done.code}"


def arguments(order: BuildOrder, secrets: Mapping[str, Path]) -> tuple[str, ...]:
    """What the command is told. No value of a secret is among it. Pure."""
    pairs = [("--file", order.dockerfile), ("--tag", order.name), ("--progress", "plain")]
    pairs += [("--target", order.target)] if order.target else []
    pairs += [("--platform", order.platform)] if order.platform else []
    pairs += [("--build-arg", f"{name}={value}") for name, value in order.args.items()]
    pairs += [("--label", f"{name}={value}") for name, value in order.labels.items()]
    pairs += [("--secret", f"id={name},src={path}") for name, path in secrets.items()]
    words = tuple(word for pair in pairs for word in pair)
    return (*words, "--no-cache", "--pull") if order.fresh else words


def _secret_files(folder: Path, order: BuildOrder) -> dict[str, Path]:
    files = {}
    for name, value in order.secrets.items():
        files[name] = folder / f"secret-{name}"
        files[name].touch(0o600)
        files[name].write_bytes(value.reveal().encode(errors="surrogateescape"))
    return files


def _own_config(folder: Path, logins: Mapping[str, Login]) -> Path:
    """Docker's own folder, all of it by links, but for its file: that one knows our logins too."""
    folder.mkdir(mode=0o700)
    there = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    for entry in there.iterdir() if there.is_dir() else ():
        if entry.name != "config.json":
            (folder / entry.name).symlink_to(entry)
    file = there / "config.json"
    content = json.loads(file.read_text()) if file.is_file() else {}
    config = folder / "config.json"
    config.touch(0o600)
    config.write_text(json.dumps(with_logins(content, logins)))
    return folder


def with_logins(content: Mapping[str, object], logins: Mapping[str, Login]) -> dict[str, object]:
    """Docker's file with these logins, which no credential helper is asked for. Pure."""
    auths, helpers = content.get("auths"), content.get("credHelpers")
    known = dict(auths) if isinstance(auths, Mapping) else {}
    asked = dict(helpers) if isinstance(helpers, Mapping) else {}
    for domain, login in logins.items():
        pair = f"{login.user}:{login.password.reveal()}"
        key = auth_key(domain)
        known[key] = {"auth": base64.b64encode(pair.encode(errors="surrogateescape")).decode()}
        asked[key] = ""
    return dict(content) | {"auths": known, "credHelpers": asked}
