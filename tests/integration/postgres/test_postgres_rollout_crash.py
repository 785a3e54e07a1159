"""A deployer that is gone at any point of a deployment with migrations: schema and history agree, and no row that was
committed meanwhile is lost. What a kill does inside of a migration is in test_postgres_crash.py.
"""

import pytest
from postgres_site import Site
from rollout_site import RolloutSite

pytestmark = pytest.mark.real


class Gone(BaseException):
    """Nobody catches it: whoever carried the rollout is away, as after SIGKILL."""


@pytest.fixture
def one(postgres, tmp_path, request, monkeypatch):
    there = len(postgres.names)
    yield RolloutSite(tmp_path, [Site(postgres, postgres.new(request.node.name[:20]), tmp_path / "db0")], monkeypatch)
    postgres.drop_since(there)


def writer(site, written, number):
    """At each point somebody writes, and at point `number` the deployer is gone."""

    def point(name):
        written.append(len(written))
        site.ask("insert into a (x) values (%s)", written[-1])
        if len(written) == number:
            raise Gone(name)

    return point


POINTS = [4, 8, *(pytest.param(number, marks=pytest.mark.long) for number in range(1, 40) if number not in (4, 8))]


@pytest.mark.parametrize("number", POINTS)
def test_gone_at_a_point(one, number):
    one.site.write(V1__a="create table a (x int)")
    one.deploy()
    one.site.write(V2__b="create table b ()", R__v="create or replace view v as select x from a")
    written = []
    try:
        one.deploy(writer(one.site, written, number))
    except Gone:
        one.recover()
    assert [x for (x,) in one.site.ask("select x from a order by x")] == written
    there = {script for script, state in one.site.states() if state == "applied"}
    assert ("V2__b.sql" in there) == ("b" in one.site.tables())
    one.deploy()
    assert one.site.plan().plan.files() == ()
    assert [x for (x,) in one.site.ask("select x from v order by x")] == written
