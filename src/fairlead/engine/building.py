"""Build an image: by BuildKit where there is one, else by the engine's classic builder.

The SDK has no sessions of BuildKit, which secrets need, so BuildKit is asked for through the docker command; a secret
goes in by a file in memory. The classic builder knows no secrets but arguments, which everybody reads in the history
of the image: so with secrets and without BuildKit there is no build.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import IO

from fairlead.engine.build_log import BuildLog, is_noise
from fairlead.engine.buildkit import build_with, find_buildkit
from fairlead.engine.engine import Engine
from fairlead.engine.failures import EngineError, explained
from fairlead.engine.images import bounded
from fairlead.engine.login import Login, auth_key
from fairlead.errors import FairleadError, Refused
from fairlead.masking import Secret, masked

SILENCE = 1800.0  #: seconds a step may say nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOrder:
    """What to build."""

    item: str  #: whose image it is, for messages
    context: IO[bytes]  #: a tar, at its beginning
    name: str  #: that the image gets
    dockerfile: str = "Dockerfile"  #: in the context
    target: str | None = None
    args: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    platform: str | None = None
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    fresh: bool = False  #: nothing of earlier builds, and base images as registries have them now


class BuildFailed(FairleadError):
    """A step of a build failed; the message has the step and its last lines."""


def build(engine: Engine, order: BuildOrder, logins: Mapping[str, Login], on_line: Callable[[str], None]) -> str:
    """Build; the id of the image. BuildFailed, Refused when secrets cannot be given, EngineError."""
    kit, log = find_buildkit(engine), BuildLog()

    def hear(line: str) -> None:
        log.add(line)
        if not is_noise(line):
            on_line(masked(line.rstrip()))

    if kit is not None:
        why = build_with(kit, engine, order, logins, hear, SILENCE)
    elif order.secrets:
        raise Refused(*no_buildkit(order.item, order.secrets))
    else:
        why = _classic(engine, order, logins, hear)
    if why:
        log.fail(why)
        raise _failure(order, log)
    made = engine.image(order.name)
    if made is None:
        raise EngineError(f"{order.item}: the build ended well, and image {order.name} is not there", "run it again")
    return made.id


def no_buildkit(item: str, secrets: Iterable[str]) -> tuple[str, str]:
    """What is wrong, and what helps."""
    what = f"{item}: its build has secrets ({', '.join(secrets)}), which need BuildKit"
    return f"{what}, and no docker command here has it", "install docker-buildx (Debian: docker-buildx)"


def _failure(order: BuildOrder, log: BuildLog) -> BuildFailed:
    lines = "".join(f"\n  {line}" for line in log.last_lines()[-15:])
    where = f" at `{log.step}`" if log.step else ""
    said = masked(f"building {order.item} failed{where}: {log.error}{lines}")
    return BuildFailed(said, "correct it, and run the command again; what was built before that step is kept")


def _classic(engine: Engine, order: BuildOrder, logins: Mapping[str, Login], hear: Callable[[str], None]) -> str:
    """By the engine's own builder; why it failed, empty when it did not."""
    client = bounded(engine, SILENCE)
    with explained(f"build {order.item}"):
        for login in logins.values():
            client.login(login.user, login.password.reveal(), registry=auth_key(login.domain), reauth=True)
        events = client.build(
            fileobj=order.context, custom_context=True, dockerfile=order.dockerfile, tag=order.name,
            target=order.target, buildargs=dict(order.args), labels=dict(order.labels), platform=order.platform,
            nocache=order.fresh, pull=order.fresh, rm=True, forcerm=True, decode=True,
        )  # fmt: skip
        for event in events:
            for line in str(event.get("stream") or event.get("status") or "").splitlines():
                hear(line)
            if event.get("error"):
                return str((event.get("errorDetail") or {}).get("message") or event["error"])
    return ""
