"""What a deployment, the contract and the way back make of a schema that a restore took back."""

from dataclasses import replace

import pytest
from copy_site import live
from postgres_site import Site
from rollout_site import RolloutSite

from fairlead.artifacts import Release
from fairlead.backups.restoring import Swap, swap
from fairlead.operations.restored import RESTORED, reverted
from fairlead.operations.schema import fits
from fairlead.operations.schema.waits import waits
from fairlead.operations.transition import Intent, carry_out
from fairlead.project.stack import Migrations, Store
from fairlead.rollout.schema import APPLIED

pytestmark = pytest.mark.real


@pytest.fixture
def one(postgres, tmp_path, request, monkeypatch):
    """A site with one database."""
    there = len(postgres.names)
    yield RolloutSite(tmp_path, [Site(postgres, postgres.new(request.node.name), tmp_path / "db0")], monkeypatch)
    postgres.drop_since(there)


def again(one, release):
    """Deploy that very release once more."""
    environment = one.machine.opened()
    try:
        return carry_out(environment, one.machine.releases.load(release), Intent("deploy", "blue-green"))
    finally:
        environment.ledger.close()


def looked(one, ask):
    """What `ask` says of the ledger."""
    environment = one.machine.opened()
    try:
        return ask(environment.ledger)
    finally:
        environment.ledger.close()


def test_what_ran_since_is_pending_once_more(one):
    """Nobody goes on as if it were there: the live release would serve from a schema that it does not know."""
    name = one.site.name
    one.site.write(V1__a="create table a (x int, old int)")
    first = one.deploy().release
    one.site.ask(f"create database {name}_then template {name}")
    one.site.server.names.append(f"{name}_then")
    one.site.write(V2__b="create table b (x int)")
    contract = one.site.folder / "contract"
    contract.mkdir()
    (contract / "V3__drop.sql").write_text("alter table a drop column old")
    second = one.deploy().release
    one.keep()
    releases = one.machine.releases
    assert looked(one, lambda ledger: waits(ledger, releases.load(second))) is None
    assert looked(one, lambda ledger: fits.contracted(ledger, releases.load(first))) == (
        ("db0.shop", "contract/V3__drop.sql"),
    )

    swaps = [Swap(name, f"{name}_then", f"{name}_before")]
    one.site.server.names.append(f"{name}_before")
    store = Store("db0", "postgres", migrations=(Migrations(name, "db0"),))
    with live(one.site) as server:
        (found,) = reverted(server, store, swaps, [name])
        assert (found.scripts, found.gone) == (("V1__a.sql",), ("V2__b.sql", "contract/V3__drop.sql"))
        swap(replace(server, home="postgres"), swaps)
    assert one.site.tables() == ["a"]
    one.note(RESTORED, [replace(found, database="db0.shop").to_data()])

    assert looked(one, lambda ledger: fits.contracted(ledger, releases.load(first))) == ()
    assert looked(one, lambda ledger: fits.newer(ledger, releases.load(first))) == ()
    assert looked(one, lambda ledger: waits(ledger, releases.load(second))).files == ("db0/contract/V3__drop.sql",)
    assert again(one, second).rollout is not None
    assert (one.site.tables(), one.live()) == (["a", "b"], second)
    one.keep()
    ran = [entry["script"] for entry in one.entries(APPLIED)]
    assert ran == ["V1__a.sql", *(["V2__b.sql", "contract/V3__drop.sql"] * 2)]
    assert again(one, second).rollout is None  # nothing is pending any more


def test_a_release_that_is_live_is_not_looked_into_without_a_restore(one, monkeypatch):
    one.site.write(V1__a="create table a (x int)")
    release = one.deploy().release
    monkeypatch.setattr("fairlead.operations.transition._schema", lambda *_: pytest.fail("it was asked"))
    assert again(one, release).rollout is None
    assert isinstance(one.machine.releases.load(release), Release)
