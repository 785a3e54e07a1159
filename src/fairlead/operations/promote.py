"""Promote: the artifacts that are live in one environment become a release of another, without being built again."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from fairlead.artifacts import Release, ReleaseStore, describe_actor
from fairlead.errors import FairleadError, Refused
from fairlead.ledger import Ledger
from fairlead.operations import doctor
from fairlead.operations.build import built, move
from fairlead.operations.checks import docker
from fairlead.operations.deploy import Options
from fairlead.operations.environment import Environment, machine_facts, opened
from fairlead.operations.images import have_images, logins
from fairlead.operations.schema.kept import base_of, migration_files, moved
from fairlead.operations.secrets.supply import Supply
from fairlead.operations.transition import Intent, Result
from fairlead.project.project import Project
from fairlead.project.stack import Stack
from fairlead.rollout.events import Emit, silent
from fairlead.rollout.state import read_state
from fairlead.system.home import Place


def promote(project: Project, source: str, target: str, options: Options, emit: Emit = silent) -> Result:
    """Deploy to `target` what is live in `source`, with `target`'s own configuration. Errors as those of `deploy`."""
    origin_release = live_release(Place.of(project.name, source))
    stack = project.stack(target)
    promoted = {"promoted": {"from": source, "release": origin_release.id}}
    # the commit is that of the artifacts, whatever folder this runs in
    origin = describe_actor() | {"git": origin_release.origin.get("git")} | promoted
    intent = Intent("promote", options.strategy or stack.rollout.strategy, origin, options.why, anew=options.anew)
    place = Place.of(project.name, target)
    with opened(place, stack.runtime, emit) as environment:
        environment.world.hurry = options.hurry
        doctor.require(doctor.examine(project, target), environment.world.say)

        supply = Supply(stack, project.root, place)

        def make() -> Release:
            names = [item.name for item in built(stack)]
            artifacts = _artifacts(origin_release, names, source, stack)
            _verify(environment, origin_release, supply)
            docker.require_users(stack, artifacts)
            images = {name: called for name, called in origin_release.images.items() if name in names}
            return Release.of(stack, artifacts, origin, machine=machine_facts(project.root), images=images)

        doing = f"fairlead promote {source} {target}"
        return move(environment, make, intent, doing, options.wait, supply, _migrations(origin_release, stack, supply))


def _migrations(release: Release, stack: Stack, supply: Supply) -> dict[str, bytes]:
    """The files that its artifacts were deployed with; of a database that it did not move, those of the folder.

    Refused where it was deployed without the files there are: by an earlier Fairlead, which kept none.
    """
    kept = base_of(release, Place.of(stack.project, release.stack.environment).migrations)
    theirs = {folder for _, one in moved(release.stack) for folder in (one.folder, one.contract) if folder}
    here = migration_files(stack, supply.root)
    own = {path: content for path, content in here.items() if not _below(path, theirs)}
    if len(own) < len(here) and not release.migrations:
        source = release.stack.environment
        what = f"release {release.id} of {source} was deployed without its migrations, so nobody knows which it needs"
        raise Refused(what, f"deploy to {source} first: fairlead deploy {source}")
    wanted = {folder for _, one in moved(stack) for folder in (one.folder, one.contract) if folder}
    return own | {path: _read(kept / path) for path in release.migrations if _below(path, wanted)}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        what = f"{path}: a file that the release was deployed with cannot be read: {error.strerror}"
        raise FairleadError(what, "deploy what it was made from again") from error


def _below(path: str, folders: Iterable[str]) -> bool:
    return any(path.startswith(f"{folder}/") for folder in folders)


def _verify(environment: Environment, release: Release, supply: Supply) -> None:
    for digest in sorted(set(release.artifacts.values()) - release.pinned().keys()):
        environment.artifacts.verify(digest)
    if release.pinned():
        have_images(environment.place, release, lambda text: environment.world.say("build", text), logins(supply))


def live_release(place: Place) -> Release:
    """The live release of an environment. FairleadError when there is none."""
    if place.exists():
        with Ledger.read(place.ledger) as ledger:
            live = read_state(ledger).live
        if live:
            return ReleaseStore(place.releases).load(live)
    raise FairleadError(
        f"{place.environment} has no live release", f"deploy to it first: fairlead deploy {place.environment}"
    )


def _artifacts(release: Release, names: list[str], source: str, stack: Stack) -> dict[str, str]:
    runtime = release.stack.runtime
    if (runtime == "process") != (stack.runtime == "process"):
        what = f"{source} runs on {runtime} and {stack.environment} on {stack.runtime}"
        raise FairleadError(f"{what}, so neither can have the other's artifacts", "deploy to it instead")
    missing = [name for name in names if name not in release.artifacts]
    if missing:
        what = f"release {release.id} of {source} has no artifact for {', '.join(missing)}"
        raise FairleadError(what, f"deploy to {source} first: fairlead deploy {source}")
    return {name: release.artifacts[name] for name in names}
