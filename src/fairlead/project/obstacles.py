"""What an environment asks for and this version cannot run yet. Building a part deletes it here.

The schema of the whole file was settled first, so that the parts fit. All of it loads, is checked and rendered; only
running an environment that needs a part which is not built is refused.
"""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.project.problem import Problem, problem
from fairlead.project.tree import Mapping, Node, Scalar, child, children, select, text_of

THIS_VERSION = "not built yet in this version of Fairlead"


def obstacles(merged: Mapping, own: Mapping) -> Iterator[Problem]:
    """Why this environment cannot be run by this version, all of it."""
    runtime = child(own, "runtime")
    name = text_of(runtime)
    if runtime is not None and name == "kubernetes":
        yield problem(runtime, f"{name} is {THIS_VERSION}; use process or docker")
    yield from _stores(merged, name or "process")
    yield from _volumes(merged, name or "process")
    yield from _migrators(merged)
    yield from _without_image(merged) if name == "docker" else _only_in_containers(merged)


def _stores(merged: Mapping, runtime: str) -> Iterator[Problem]:
    """Copies of data come later. A container needs a runtime that has any."""
    for _, store in children(child(merged, "stores")):
        kind, url = child(store, "kind"), child(store, "url")
        own = kind if kind is not None and text_of(kind) == "container" else _as_it_is(store)
        if own is not None and url is None and runtime == "process":
            yield problem(own, "this needs runtime docker; on process give the url of one that somebody else runs")
        yield from _backups(store, runtime)


def _migrators(merged: Mapping) -> Iterator[Problem]:
    """Each runs with the artifact of a service: one that is named, or one that uses the database."""
    uses = select(merged, "services", "*", "uses", "*")
    used = {text_of(node) or text_of(child(node, "store")) or "" for node in uses}
    for store, entry in children(child(merged, "stores")):
        for name, one in children(child(entry, "databases")):
            command, named = child(one, "migrator"), child(child(one, "migrate"), "like") or child(one, "used_by")
            if command is not None and named is None and not {str(store), f"{store}.{name}"} & used:
                why = "no service uses this database, so nobody knows whose artifact this runs with"
                yield problem(command, f"{why}; say it: migrate: {{like: SERVICE}}")


def _backups(store: Node, runtime: str) -> Iterator[Problem]:
    """Of what Fairlead runs itself, and of a PostgreSQL at a url."""
    own, postgres = child(store, "url") is None, text_of(child(store, "kind")) == "postgres"
    if postgres and own and _as_it_is(store) is not None:
        why = f"of one that is run as it is this is {THIS_VERSION}; use logical"
        yield from (problem(node, why) for node in select(store, "backup", "physical"))
    if not postgres and not own:
        yield from _each(store, "somebody else runs this store, so a copy of it is theirs to make")
    if own and runtime not in ("process", "docker"):
        why = f"on {runtime} this is {THIS_VERSION}; use logical"
        yield from (problem(node, why) for node in select(store, "backup", "physical"))
    engine = next(select(store, "backup", "physical", "engine"), None)
    if engine is not None and text_of(engine) == "pgbackrest" and own and runtime != "process":
        yield from _pgbackrest_inside(engine, text_of(child(store, "backup", "to")) or "", runtime)
    yield from _arranged(store, "store")


def _pgbackrest_inside(engine: Node, to: str, runtime: str) -> Iterator[Problem]:
    """A container of the database reaches folders that it is handed, and no network."""
    if runtime != "docker":
        yield problem(engine, f"on {runtime} this is {THIS_VERSION}; use builtin")
    elif to.startswith("s3://"):
        yield problem(engine, "in a container pgBackRest keeps to a folder, and this goes to S3; use builtin")


def _each(store: Node, why: str) -> Iterator[Problem]:
    yield from (problem(node, why) for key in ("backup", "drill") for node in select(store, key))


def _arranged(store: Node, what: str) -> Iterator[Problem]:
    backup, drill = child(store, "backup"), child(store, "drill")
    if drill is not None and backup is None:
        yield problem(drill, f"a drill restores a backup, and there is none of this {what}")
    if backup is not None and child(backup, "to") is None:
        yield problem(backup, "say where backups go: to: s3://BUCKET/PREFIX, or a folder by its whole path")


def _volumes(merged: Mapping, runtime: str) -> Iterator[Problem]:
    """A process has no volumes of an engine."""
    for _, volume in children(child(merged, "volumes")):
        if runtime == "process" and child(volume, "path") is None:
            yield problem(volume, "volumes are of an engine; on process say the folder: path: /srv/uploads")
        yield from _arranged(volume, "volume")


def _as_it_is(store: Node) -> Node | None:
    """What says that it is run as its image is."""
    managed = child(store, "managed")
    unmanaged = isinstance(managed, Scalar) and managed.value is False
    return managed if unmanaged else child(store, "command")


def _only_in_containers(merged: Mapping) -> Iterator[Problem]:
    """A process needs a command; an image is of no use to it, and nothing can be run beside it."""
    for node in select(merged, "services", "*", "health", "command"):
        yield problem(node, "a command is asked in a container, which needs runtime docker; use ready")
    for entry, donor in _services(merged):
        image = child(entry, "image") or child(entry, "build") or child(donor, "image") or child(donor, "build")
        has_source = child(entry, "source") is not None or child(donor, "source") is not None
        runs = child(entry, "command") or child(entry, "static")
        if image is not None and not (has_source and runs is not None):
            yield problem(image, "an image needs runtime docker; on process use source and command")


def _without_image(merged: Mapping) -> Iterator[Problem]:
    """A container needs an image, and a source alone is none."""
    for entry, donor in _services(merged):
        if not _has_image(child(merged, "services"), entry):
            yield from _without_files(entry, donor)
    yield from _jobs_like_files(merged)


def _without_files(entry: Node, donor: Node | None) -> Iterator[Problem]:
    """Of files an image is made: those that a source has."""
    static, why = (
        child(entry, "static"),
        "docker has no image to run it from; add `build` with a Dockerfile, or `image`",
    )
    if static is None:
        yield problem(entry, why)
    elif child(entry, "source") is None and child(donor, "source") is None:
        yield problem(static, "docker has no files to serve; add `source`, the folder in which this one is")


def _jobs_like_files(merged: Mapping) -> Iterator[Problem]:
    """In the image that is made of files there is nothing to run but their server."""
    services = child(merged, "services")
    for _, job in children(child(merged, "jobs")):
        like = child(job, "like")
        entry = child(services, text_of(like) or "")
        if like is not None and child(entry, "static") is not None and not _has_image(services, entry):
            yield problem(like, "the image of that one has files and their server alone; have it made by a `build`")


def _has_image(services: Node | None, entry: Node | None) -> bool:
    """Its own, or that of the one it is like."""
    both = (entry, child(services, text_of(child(entry, "like")) or ""))
    return any(child(one, key) is not None for one in both for key in ("image", "build"))


def _services(merged: Mapping) -> Iterator[tuple[Node, Node | None]]:
    """Each with the one it is like."""
    services = child(merged, "services")
    for _, entry in children(services):
        yield entry, child(services, text_of(child(entry, "like")) or "")
