"""Deployments with migrations of a real PostgreSQL, in a world in memory: everything is real but what serves users."""

from dataclasses import replace

from tests.crash.fake_worlds import FakeMachine, service, stack

from fairlead.artifacts import Release
from fairlead.artifacts.files import digests, folder_name, keep_files
from fairlead.errors import FairleadError
from fairlead.operations.contract import contract
from fairlead.operations.housekeeping import Housekeeping
from fairlead.operations.rollback import back_to
from fairlead.operations.schema.kept import migration_files
from fairlead.operations.schema.releases import OfReleases
from fairlead.operations.transition import Intent, carry_out
from fairlead.project.stack import Migrations, SecretBackend, SecretSpec, Store
from fairlead.rollout.recovery import recover
from fairlead.runtimes.fake import Behaviour


def contracted(environment):
    """What the keeper has another process do, at once: there is no other process in this world."""
    try:
        contract(environment, held=False)
    except FairleadError as error:
        environment.world.say("note", f"contract: {error}")


class RolloutMachine(FakeMachine):
    """Its databases are real."""

    def __post_init__(self):
        super().__post_init__()
        self.said = []

    def opened(self, checkpoint=lambda point: None):
        found = super().opened(checkpoint)
        found.world.emit = lambda event: self.said.append(event.text)
        found.world.migrations = self.place.migrations
        found.world.databases = OfReleases(self.place.migrations, lambda text: found.world.say("note", text))
        return found


class RolloutSite:
    """Databases `shop` (and `other`) of one store, each with a folder; `deploy` takes what is in the folders."""

    def __init__(self, root, sites, monkeypatch):
        self.root, self.sites = root, sites
        self.site = sites[0]
        monkeypatch.setenv("FAIRLEAD_HOME", str(root / "home"))
        self.machine = RolloutMachine(root / "home" / "shop" / "live")
        self.version = 0
        self.names = [f"URL_{number}" for number in range(len(sites))]
        for name, one in zip(self.names, sites, strict=True):
            monkeypatch.setenv(name, one.url)
        self.web = {}
        self.checks = {}
        self.rehearse = "never"  # which takes a server of its own, each time

    def stack(self, **rollout):
        stores = tuple(
            Store(f"db{number}", "postgres", url=f"${{{name}}}", databases=("shop",), checks=self.checks,
                  migrations=(Migrations("shop", f"{one.folder.name}", f"{one.folder.name}/contract",
                                         lock_timeout=0.1, rehearse=self.rehearse),))
            for number, (name, one) in enumerate(zip(self.names, self.sites, strict=True))
        )  # fmt: skip
        made = stack(service("web", "/", **self.web), version=self.version, **({"rollback_window": 0.0} | rollout))
        secrets = tuple(SecretSpec(name) for name in self.names)
        return replace(made, stores=stores, secrets=secrets, secret_backend=SecretBackend("environment"))

    def release(self, **rollout):
        self.version += 1
        made = self.stack(**rollout)
        files = migration_files(made, self.root)
        release = Release.of(made, {}, {}, machine={"root": str(self.root)}).with_migrations(digests(files))
        keep_files(self.machine.place.migrations, folder_name(release.migrations), files)
        return self.machine.releases.save(release)

    def deploy(self, checkpoint=lambda point: None, **rollout):
        release = self.release(**rollout)
        environment = self.machine.opened(checkpoint)
        try:
            return carry_out(environment, release, Intent("deploy", "blue-green"))
        finally:
            environment.ledger.close()

    def recover(self):
        environment = self.machine.opened()
        try:
            recover(environment.world)
        finally:
            environment.ledger.close()

    def keep(self, rounds=3):
        """What the keeper does, so many times."""
        environment = self.machine.opened()
        try:
            keeper = Housekeeping(environment, contracting=contracted)
            for _ in range(rounds):
                keeper.round()
        finally:
            environment.ledger.close()

    def retire(self, environment):
        """End what is of no use any more, and do what waited for that."""
        for _ in range(3):
            Housekeeping(environment)._retire()
        contract(environment)

    def roll_back(self, **how):
        environment = self.machine.opened()
        try:
            return back_to(environment, None, "", {}, **how)
        finally:
            environment.ledger.close()

    def failed(self, checkpoint=lambda point: None):
        """The error of a deployment."""
        try:
            self.deploy(checkpoint)
        except FairleadError as error:
            return error
        raise AssertionError("it did not fail")

    def entries(self, *kinds):
        environment = self.machine.opened()
        try:
            return [{"kind": one.kind, **one.data} for one in environment.ledger.entries(kinds=kinds)]
        finally:
            environment.ledger.close()

    def note(self, kind, some):
        environment = self.machine.opened()
        try:
            environment.ledger.append_many((kind, data, None) for data in some)
        finally:
            environment.ledger.close()

    def live(self):
        environment = self.machine.opened()
        try:
            return environment.state.live
        finally:
            environment.ledger.close()

    def at_step(self, name, act):
        """A checkpoint that acts once, when its name begins so."""
        done = []

        def point(text):
            if text.startswith(name) and not done:
                done.append(text)
                act()

        return point


def unwell(site):
    """The next release never becomes ready."""
    site.machine.runtime.behaviours["web"] = Behaviour(ready=False)
