"""The guide to migrations in a deployment, done word for word, with a service that really runs."""

import re
import shutil
import tempfile
from pathlib import Path

import pytest
from tests.acceptance.cli.cli_site import FAIRLEAD, Site

from fairlead.system.clock import wait_until

PAGE = Path(__file__).parent.parent.parent / "docs" / "guides" / "deploy-migrations.md"

pytestmark = pytest.mark.real


@pytest.fixture
def site(postgres):
    """The project of the page around a small service."""
    root = Path(tempfile.mkdtemp(prefix="fl-"))
    made = Site(root)
    try:
        page = PAGE.read_text()
        file = made.folder / "fairlead.yaml"
        file.write_text(file.read_text() + re.search(r"^```yaml\n(.*?)^```$", page, re.M | re.S)[1])
        for name, sql in re.findall(r"^`([\w/.]+\.sql)`:\n\n```sql\n(.*?)^```$", page, re.M | re.S):
            path = made.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(sql)
        made.env["DATABASE_URL"] = postgres.url(postgres.new("guide"))
        yield made
    finally:
        made.close()
        shutil.rmtree(root, ignore_errors=True)


def test_the_guide(site):
    (commands,) = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    said = []
    for line in commands.splitlines():
        words = line.partition("#")[0].split()
        assert words[0] == FAIRLEAD.name
        done = site.run(*words[1:])
        assert done.returncode == 0, done.stderr
        said.append(done.stdout)
    plan, _, status, _ = said
    assert "migrate db.shop: V1__customers.sql, V2__mail.sql; they stay if something fails later: that an undo" in plan
    assert "look at db.shop: history, indexes and checks" in plan
    assert "once the old release is gone: migrate db.shop: contract/V3__no_email.sql" in plan
    assert "version 2, 0 pending" in status
    assert "held" in status or _gone(site)
    # the keeper has no password in its environment, so the next deployment does what waits
    assert "contract/V3__no_email.sql" in site.run("status", "local").stdout or _gone(site)
    site.write("2")
    text = (site.folder / "fairlead.yaml").read_text()
    store = re.search(r"^```yaml\n(.*?)^```$", PAGE.read_text(), re.M | re.S)[1]
    (site.folder / "fairlead.yaml").write_text(text + store)
    assert site.run("deploy", "local").returncode == 0
    assert wait_until(lambda: _gone(site), 60, 0.2)


def _gone(site):
    found = site.json("db", "status", "local")["databases"][0]
    return {one["script"]: one["state"] for one in found["migrations"]}["contract/V3__no_email.sql"] == "applied"
