"""What waits for the old release runs in a process of its own: nobody waits for it but who moves a schema, and its
death is noted and got over.
"""

import os
import signal

import pytest

from fairlead.ledger import Ledger
from fairlead.stores.programs import missing
from fairlead.system.clock import wait_until
from fairlead.system.lock import FileLock
from tests.crash.schema_arena import SchemaArena
from tests.postgres_server import MIGRATORS

GATED = """\
DO $$ BEGIN WHILE EXISTS (SELECT FROM gate) LOOP PERFORM pg_sleep(0.05); END LOOP; END $$;
ALTER TABLE rows DROP COLUMN old;
"""


class ContractArena(SchemaArena):
    """With a folder of what waits."""

    def write(self, **how):
        super().write(**how)
        file = self.root / "fairlead.yaml"
        both = "migrations: db/shop, contract: db/shop/contract"
        file.write_text(file.read_text().replace("migrations: db/shop", both))

    def begun(self, after=0):
        """The process that does it, another one than `after`, once it is at the gate."""
        at = f"SELECT application_name {MIGRATORS} AND query LIKE 'DO %'"
        found = []

        def there():
            found[:] = {int(name.partition(", ")[2].partition(" ")[0]) for (name,) in self.ask(at)} - {after}
            return found

        assert wait_until(there, 240, 0.2)
        return found[0]

    def entries(self, *kinds):
        with Ledger.read(self.place.ledger) as ledger:
            return [entry.data for entry in ledger.entries(kinds=kinds)]


@pytest.fixture
def arena():
    if missing(["postgres", "initdb"]):
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("PostgreSQL is missing")
    arena = ContractArena()
    arena.file("V1__rows", "CREATE TABLE rows (id bigint, old text);\nCREATE TABLE gate AS SELECT 1 AS is_it;\n")
    try:
        arena.deployed()
        yield arena
    finally:
        arena.close()


def test_it_keeps_nobody_waiting_and_its_death_is_got_over(arena):
    (arena.root / "db" / "shop" / "contract").mkdir()
    arena.file("contract/V2__drop", GATED)
    arena.deployed()
    first = arena.begun()
    assert not FileLock(arena.place.lock).held()
    arena.write()
    arena.environment["WAIT"] = "2"
    code, _, said = arena.run("deploy", "blue-green")  # who else moves a schema waits, and is told for whom
    assert code == 4, said
    assert "the contract of arena/local is held by" in said
    arena.environment["WAIT"] = "90"
    os.kill(first, signal.SIGKILL)
    arena.begun(after=first)
    assert [entry["reason"] for entry in arena.entries("contract.failed")] == ["whoever did it was killed"]
    arena.ask("DELETE FROM gate")
    assert wait_until(lambda: arena.entries("contract.done"), 240, 0.2)
    assert not arena.ask("SELECT 1 FROM pg_attribute WHERE attrelid = 'rows'::regclass AND attname = 'old'")
    arena.deployed()
