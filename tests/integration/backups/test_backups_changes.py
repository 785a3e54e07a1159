"""Copies of what changed by a PostgreSQL that makes such: put together with the full one, to any moment after them."""

import random
import re
import shutil
import tarfile

import pytest
from physical_arena import Workload, arena, rows
from tests.newer import postgres_17

from fairlead.backups.destinations.base import Gone
from fairlead.backups.physical.base import WHOLE
from fairlead.backups.physical.coverage import files
from fairlead.backups.physical.unpacking import pulled
from fairlead.backups.restoring import Reader
from fairlead.errors import FairleadError

pytestmark = pytest.mark.real

INCREMENT = re.compile(r"(\./)?base/\d+/INCREMENTAL\.\d+")


@pytest.fixture(scope="module")
def newer():
    with postgres_17() as bin:
        yield bin


@pytest.fixture(scope="module")
def worked(newer):
    """A full copy, one of what changed since, and moments after each with what was committed then."""
    with arena(bin=newer) as one, one.receiving() as receiver:
        one.sql("CREATE TABLE large AS SELECT n, repeat('x', 500) AS text FROM generate_series(1, 20000) n")
        seen = []
        with Workload(one, random.random()) as load:
            full = one.base()
            load.stop.wait(0.3)
            seen.append(load.moment())
            changed = one.base(differential=True)
            load.stop.wait(0.3)
            seen.append(load.moment())
        asked = [True]
        receiver.hurry = lambda: bool(asked) and asked.pop()
        one.carried(one.now())
        yield one, full, changed, seen, dict(load.committed)


def names(one, made):
    """Of the files that are in a copy itself."""
    reader = Reader(one.catalogue, one.keys)
    with (
        pulled(lambda write: reader.write_to(made, made.parts[0], write)) as source,
        tarfile.open(fileobj=source, mode="r|gz") as tape,
    ):
        return [member.name for member in tape]


def test_what_changed_is_put_together_with_the_full_copy(worked):
    one, full, changed, seen, _ = worked
    assert (full.parent, changed.parent, changed.engine) == ("", full.id, "builtin")
    assert [any(INCREMENT.fullmatch(name) for name in names(one, made)) for made in (full, changed)] == [False, True]
    with one.at(one.aim(seen[1][0])) as server:
        assert one.aim(seen[1][0]).base == changed
        assert rows(server) == seen[1][1]
    assert one.aim(seen[0][0]).base == full


@pytest.mark.long(seconds=6)
def test_at_the_end_every_page_and_index_of_it_is_whole(worked):
    one, full, changed, _, committed = worked
    with one.at(one.aim()) as server:
        assert rows(server) == committed
        said = server.run("pg_amcheck", "--all", "--install-missing", "--heapallindexed", "--no-password")
        assert said.code == 0, said.output
    for made in (full, changed):
        assert one.engine.wrong(made, one.keys) == []


@pytest.mark.long(seconds=5)
def test_without_what_is_needed_all_is_copied_and_it_is_said_why(worked):
    """A differential that cannot be is no reason to have no copy."""
    one, full, *_ = worked
    assert one.sql("SHOW summarize_wal") == [("on",)]
    for summary in (one.postgres.folder / "data" / "pg_wal" / "summaries").iterdir():
        summary.unlink(missing_ok=True)
    made = one.base(differential=True)
    assert made.parent == ""
    assert made.facts[WHOLE].startswith(f"what changed since {full.id} is not known: ")
    assert "summaries" in made.facts[WHOLE], made.facts
    assert one.base(differential=True).parent == made.id
    manifests = one.engine.manifests
    manifests.forget([])
    again = one.base(differential=True)
    assert again.facts[WHOLE] == f"the manifest of {made.id}, the last full copy, is not on this machine"
    one.engine.tidy([again])
    assert [path.stem for path in manifests.folder.iterdir()] == [again.id]


def test_what_changed_is_refused_when_the_full_copy_is_gone(worked):
    """It comes last: nothing is left after it."""
    one, full, changed, *_ = worked
    shutil.rmtree(one.folder / "kept" / one.catalogue.owner.prefix / full.id)
    with pytest.raises(Gone, match=f"{changed.id} is of what changed since {full.id}, which is gone"):
        one.engine.require_whole(changed)
    assert one.engine.wrong(changed, one.keys) == [
        f"backup {changed.id} is of what changed since {full.id}, which is gone"
    ]
    assert changed.id not in [it.id for it in files(one.catalogue.all())]
    with pytest.raises(FairleadError), one.at(one.aim(said=changed)):
        pass
