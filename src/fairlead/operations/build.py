"""Build the artifacts of a stack, and move the environment to the release that names them.

A build may take minutes, so it runs before the environment's lock is taken: meanwhile the keeper works and a rollback
goes ahead. Another lock, shared by all who build, keeps the artifacts until a release names them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from pathlib import Path

from fairlead.artifacts import ArtifactStore, Release
from fairlead.artifacts.files import digests, folder_name, keep_files
from fairlead.artifacts.origin import owner_text
from fairlead.operations.certificates import certify
from fairlead.operations.contract import finish
from fairlead.operations.environment import Environment, builds_lock
from fairlead.operations.images import logins
from fairlead.operations.logins_kept import keep_logins
from fairlead.operations.made import Made, foreseen, make_images
from fairlead.operations.notify import address
from fairlead.operations.rotation.recovery import prepare
from fairlead.operations.schema.kept import migration_files
from fairlead.operations.secrets.supply import Supply, told
from fairlead.operations.stores.changes import stays
from fairlead.operations.stores.ensure import ensure
from fairlead.operations.templates import plain_files
from fairlead.operations.transition import Intent, Result, carry_out
from fairlead.project.stack import Job, Service, Stack
from fairlead.secrets.delivery import deliver
from fairlead.secrets.rotation.ages import note_handed
from fairlead.system.lock import held_lock

NEW = "new"  #: stands for the id of a release that is not known before its images are here
PATIENCE = 3600.0  #: seconds to wait while unused artifacts are removed; it ends with the process that does it


def move(
    environment: Environment, make: Callable[[], Release], intent: Intent, doing: str, wait: float,
    supply: Supply, migrations: Mapping[str, bytes] | None = None,
) -> Result:  # fmt: skip
    """Have `make` build or check all that the release needs, then carry it out, being the only one who does.

    `wait`: seconds for another one who holds the environment; with 0, Busy comes before anything is built. `supply`:
    the secrets that the release is handed. They are read under the lock, so that none is older than its last rotation.
    `migrations`: the files that move its schemas; None: those that the project's folder holds.
    """
    if not wait:
        with environment.held(doing, 0):
            pass
    with ExitStack() as held:
        with artifacts_kept(environment):
            files = plain_files(supply.stack, supply.root)
            moving = migration_files(supply.stack, supply.root) if migrations is None else migrations
            environment.world.edge.prepare()
            release = make().with_files(digests(files)).with_migrations(digests(moving))
            held.enter_context(environment.held(doing, wait))
            prepare(environment)
            finish(environment, wait)
            told(supply, environment.world.say)
            if supply.stack.stores:
                changed = ensure(supply, environment.world.say, intent.anew)
                held.enter_context(stays(changed, environment.world.say))
            handful = supply.read()
            address.keep(environment.place, supply.stack.notify, environment.ledger.head().size, supply.environ())
            release = release.with_secrets(handful.versions())
            renew = environment.state.live != release.id
            release = environment.world.releases.save(release, renew)
            keep_files(environment.place.files, release.id, files)
            keep_files(environment.place.migrations, folder_name(release.migrations), moving)
            deliver(environment.place.secrets, release.id, release.stack, handful)
            certify(environment.world.edge, supply)
            if release.stack.runtime != "process":
                keep_logins(environment.place, logins(supply))
            note_handed(environment.ledger, {name: release.secrets[name] for name in supply.needed})
        text = f"release {release.id}"
        environment.world.say("release", text, release=release.id, artifacts=release.artifacts)
        return carry_out(environment, release, intent)


def artifacts_kept(environment: Environment) -> AbstractContextManager[object]:
    """Nothing that is built or found meanwhile is removed as unused."""
    lock, say = builds_lock(environment.place), environment.world.say
    return held_lock(lock, owner_text("build"), "the artifacts", PATIENCE, lambda text: say("note", text), shared=True)


def built(stack: Stack) -> Iterable[Service | Job]:
    """Everything of a stack that has an artifact: a source tree, or an image."""
    items: tuple[Service | Job, ...] = (*stack.services, *stack.jobs)
    return (item for item in items if item.source is not None or stack.runtime != "process")


def build(environment: Environment, supply: Supply) -> Made:
    """Have what is not there yet; the digest of each tree, the id and name of each image."""
    say, stack = environment.world.say, supply.stack
    if stack.runtime != "process":
        return make_images(supply, lambda line: say("build", line))
    return Made({item.name: _ensure(environment, item, supply.root) for item in built(stack)})


def predict(artifacts: ArtifactStore, supply: Supply) -> Release:
    """The release that `build` would make, without building. Its id is `new` while images of it are not here yet."""
    stack, root = supply.stack, supply.root
    if stack.runtime != "process":
        return predict_images(supply)
    trees = {item.name: artifacts.digest_of(root / str(item.source), item.prepare) for item in built(stack)}
    return _predicted(supply, Made(trees))


def predict_images(supply: Supply) -> Release:
    """The same, of images: what registries have now."""
    found = foreseen(supply)
    release = _predicted(supply, Made({name: one.artifact for name, one in found.items()}))
    return release if all(one.here for one in found.values()) else replace(release, id=NEW)


def _predicted(supply: Supply, made: Made) -> Release:
    release = Release.of(supply.stack, made.artifacts, {}, secrets=supply.look().versions(), images=made.images)
    moving = digests(migration_files(supply.stack, supply.root))
    return release.with_files(digests(plain_files(supply.stack, supply.root))).with_migrations(moving)


def _ensure(environment: Environment, item: Service | Job, root: Path) -> str:
    world = environment.world
    source = root / str(item.source)
    artifact = environment.artifacts.ensure(source, item.prepare, lambda line: world.say("build", line))
    if artifact.built:
        text = f"built {item.name} in {artifact.seconds:.1f} s"
        world.say("built", text, service=item.name, artifact=artifact.digest, seconds=round(artifact.seconds, 3))
    return artifact.digest
