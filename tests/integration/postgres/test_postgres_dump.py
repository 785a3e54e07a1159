"""A backup of a server that is impatient with who stands idle in a transaction."""

import pytest
from pyrage.x25519 import Identity

from fairlead.backups.catalogue import Catalogue, Owner
from fairlead.backups.destinations.table import Target, destination_of
from fairlead.backups.logical import PROGRAMS, Logical, Recipients
from fairlead.backups.server import at_url
from fairlead.masking import Secret
from fairlead.stores.programs import find

pytestmark = pytest.mark.real


def test_a_long_dump_outlasts_the_patience_of_the_server(site, tmp_path):
    site.ask("create table a (x int)")
    site.ask(f"alter database {site.name} set idle_in_transaction_session_timeout = '1ms'")
    key = Identity.generate().to_public()
    catalogue = Catalogue(destination_of(Target(str(tmp_path))), Owner("shop", "live", "db"))
    with at_url(Secret(site.url), {name: find(name) for name in PROGRAMS}) as server:
        backup = Logical(server, (site.name,), {}).make(catalogue, Recipients((str(key),), [key]), "a test")
    assert [part.database for part in backup.of("database")] == [site.name]
