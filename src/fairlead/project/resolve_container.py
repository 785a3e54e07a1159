"""What only a container has, resolved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fairlead.project import placeholders, stack

if TYPE_CHECKING:
    from fairlead.project.jobs import Job
    from fairlead.project.security import Logs, Security
    from fairlead.project.services import Build, Pool, Resources, Service


def container(one: Service, donor: Service | None, runtime: str) -> stack.Container:
    """That of a service; build and image are shared like a source is. Files without any get an image that is made."""
    own = one.image is not None or one.build is not None
    image, build = (one.image, one.build) if own or donor is None else (donor.image, donor.build)
    source = one.source or (donor.source if donor else None)
    made = one.static and source and runtime != "process" and image is None and build is None
    return stack.Container(
        image=image,
        build=stack.Build(source or "", static=one.static) if made else _build(build),
        platform=shared(one, donor, "platform"),
        pull_policy=shared(one, donor, "pull_policy"),
        entrypoint=one.entrypoint,
        user=one.user,
        workdir=one.workdir,
        volumes=one.volumes,
        publish=one.publish,
        networks=shared(one, donor, "networks"),
        resources=resources(one.resources),
        security=security(shared(one, donor, "security")),
        logs=log_bounds(one.logs),
        compose=dict(one.compose),
    )


def shared(one: Service | Job, donor: Service | None, key: str) -> Any:
    """What the file says of `key`; where it says nothing, what it says of the service this one is like."""
    return getattr(donor if donor is not None and key not in one.model_fields_set else one, key)


def _build(one: Build | None) -> stack.Build | None:
    if one is None:
        return None
    given = (one.dockerfile, one.target, dict(one.args), one.secrets, one.platforms, one.tags)
    return stack.Build(one.context, *given)


def resources(one: Resources | None) -> stack.Resources:
    """As declared."""
    return stack.Resources(one.cpu, one.memory) if one else stack.Resources()


def security(one: Security) -> stack.Security:
    """As declared; what the file does not say is the careful way."""
    return stack.Security(
        one.root, one.read_only, one.tmpfs, one.cap_add, one.cap_drop, one.no_new_privileges, one.pids, one.init
    )


def log_bounds(one: Logs) -> stack.LogBounds:
    """As declared, or the usual ones."""
    return stack.LogBounds(one.size or stack.LogBounds().size, one.files)


def pools(some: dict[str, Pool], values: dict[str, str]) -> tuple[stack.Pool, ...]:
    """With `${NAME}` filled in; what is no number then is a finding elsewhere and counts as none here."""
    return tuple(
        stack.Pool(store, _number(one.size, values), _number(one.processes, values)) for store, one in some.items()
    )


def _number(text: str, values: dict[str, str]) -> int:
    try:
        return int(placeholders.expand(text, values))
    except (KeyError, ValueError):
        return 0
