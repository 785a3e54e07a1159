"""What is done with environments as a whole: listed, compared, checked, and given an example to fill in."""

# ruff: noqa: E501 - messages stand on one line, as they are printed

from pathlib import Path

import pytest

from fairlead.errors import FairleadError, UsageError
from fairlead.operations.env.check import check
from fairlead.operations.env.example import example, write
from fairlead.operations.env.list import rows
from fairlead.operations.env.show import diff, show
from fairlead.project.dotenv import parse
from fairlead.project.loader import load_project

TEXT = """\
name: shop
variables:
  LEVEL: {type: enum, values: [debug, info], default: info}
  URL: {type: url}
  ORDER: {type: regex, pattern: "[0-9]{6}", example: "123456", required: false}
  GREETING: "it's # 5 $ \\\\ \\" hello"
  TOKEN: {type: hex, secret: true}
secrets: {KEY: {generate: hex}, MAIL: {}}
secret_backend: environment
stores: {db: {kind: postgres, max_connections: 20}}
services:
  web: {command: "serve ${PORT}", port: 8000, routes: [/], pools: {db: {size: "${POOL}"}}}
  worker: {command: work, replicas: 2}
environments:
  local: {edge: {http: 8080}, variables: {POOL: 5}}
  production: {runtime: docker, host: "ssh://a.b", edge: {http: 80, https: 443}, variables: {POOL: 10}, services: {worker: null}}
"""


@pytest.fixture
def shop(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("fairlead.yaml").write_text(TEXT)
    Path(".env.local").write_text("URL=https://a.b\n")
    return lambda: load_project(Path("fairlead.yaml"))


def lines(findings):
    return [str(one) for one in findings]


def test_the_list(shop):
    local, production = rows(shop())
    assert (local.services, local.instances, local.lacking, local.edge, local.host) == (2, 3, 0, ("http 8080",), None)
    assert local.runnable
    assert (production.lacking, production.edge, production.host) == (1, ("http 80", "https 443"), "ssh://a.b")


def test_a_pattern_chooses_values(shop):
    project = shop()
    assert [one.path for one in show(project, "local", "services.*.replicas")] == [
        "services.web.replicas",
        "services.worker.replicas",
    ]
    assert [one.text for one in show(project, "local", "variables.URL")] == ["https://a.b", "url"]
    assert len(show(project, "local")) > 60
    with pytest.raises(
        UsageError, match=r'local has nothing at "services.web.replica"; did you mean "services.web.replicas"'
    ):
        show(project, "local", "services.web.replica")
    with pytest.raises(UsageError, match='no environment "loca"'):
        show(project, "loca")


def test_differences_of_two(shop):
    found = {one.path: one for one in diff(shop(), "local", "production")}
    assert list(found)[:2] == ["runtime", "variables.URL"]
    assert found["services.worker.command"].second is None
    assert found["edge.https"].first is None
    assert (found["services.web.pools.db.size"].first.text, found["services.web.pools.db.size"].second.text) == (
        "5",
        "10",
    )
    assert not [path for path in found if path.startswith("secrets")]
    assert diff(shop(), "local", "local") == ()
    assert [one.path for one in diff(shop(), "local", "production", "edge")] == ["edge.http", "edge.https"]


def test_everything_wrong_is_found(shop, monkeypatch):
    monkeypatch.setenv("TOKEN", "no hex, and long enough: 7Qx")
    report = check(shop())
    local, production = report.environments
    assert lines(local.findings) == [
        "fairlead.yaml:8:33: MAIL: has no value; set it where this command is started, in the CI system or the shell",
        "fairlead.yaml:7:3: variables.TOKEN: expected hexadecimal digits, such as 0f9a",
    ]
    assert (
        local.notes[0]
        == "connections: db: web 5 × 2 instances (1 replica, old and new) = 10; 10 of 17 (20 less 3 for the superuser)"
    )
    assert lines(production.findings)[:2] == [
        "fairlead.yaml:4:3: variables.URL: has no value in production; put URL=https://www.example.org into .env.production, or give it one under environments.production.variables",
        "fairlead.yaml:10:31: stores.db.max_connections: too many connections, db: web 10 × 2 instances (1 replica, old and new) = 20; 20 of 17 (20 less 3 for the superuser); use smaller pools, fewer processes or replicas, or raise max_connections",
    ]
    assert lines(report.drift) == [
        "fairlead.yaml:16:116: services.worker: differs: local has it, production does not; make them alike, or say may_differ: [services.worker] if it is meant",
    ]
    assert "long enough" not in str(report)


def test_weak_secrets_and_the_same_twice_are_mistakes(shop, monkeypatch):
    for name in ("TOKEN", "MAIL"):
        monkeypatch.setenv(name, "aaaaaaaa")
    found = lines(check(shop(), ("local",)).environments[0].findings)
    assert [line for line in found if "has the same value as" in line]
    assert [line for line in found if "is made of" in line or "characters" in line]
    assert "aaaaaaaa" not in str(found)


def test_what_is_made_by_itself_need_not_be_there(shop):
    assert "KEY" not in str(check(shop(), ("local",)).environments[0].findings)


def test_one_environment_may_be_chosen(shop):
    report = check(shop(), ("production",))
    assert [one.environment for one in report.environments] == ["production"]
    with pytest.raises(UsageError):
        check(shop(), ("prod",))


def test_a_tight_budget_is_a_warning(shop):
    Path("fairlead.yaml").write_text(TEXT.replace("POOL: 5", "POOL: 7"))
    local = check(shop()).environments[0]
    assert "14 of 17" in str(local.warnings[0]) and "connections" not in str(local.findings)


def test_secrets_that_cannot_be_asked_for_are_said_not_to_be_checked(shop):
    Path("fairlead.yaml").write_text(
        TEXT.replace("secret_backend: environment", "secret_backend: {kind: exec, get: 'false {name}'}")
    )
    local = check(shop()).environments[0]
    assert any(note.startswith("secrets: not checked: ") for note in local.notes) or local.findings


EXAMPLE = """\
# Made by `fairlead env example production` from fairlead.yaml; not edited by hand.
# Copy it to .env.production and put in what shop uses there. A line that begins with #
# is a default, or what is not required.

# One of debug, info; the default is info
# LEVEL=info

# A URL such as https://www.example.org; required
URL=https://www.example.org

# Text that matches [0-9]{6} as a whole; not required
# ORDER=123456
"""


def test_the_example_explains_every_variable(shop):
    text = example(shop(), "production")
    assert text.startswith(EXAMPLE)
    assert text.endswith(
        "# Secrets have no place here. Each is kept apart, encrypted:\n#   KEY: made by itself\n"
        "#   MAIL: fairlead secrets set production MAIL\n#   TOKEN: fairlead secrets set production TOKEN\n"
        "#   DB_PASSWORD: made by itself\n"
    )
    assert "https://a.b" not in example(shop(), "local")


def test_values_of_the_example_are_read_back_as_they_are(shop):
    text = example(shop(), "local").replace("\n# ", "\n").replace("\nGREETING", "\nGREETING")
    line = next(line for line in text.splitlines() if line.startswith("GREETING="))
    entries, findings = parse(line, "x")
    assert (entries["GREETING"].value, findings) == ("it's # 5 $ \\ \" hello", [])


def test_the_example_left_as_it_is_is_found(shop):
    Path(".env.production").write_text(example(shop(), "production"))
    found = lines(check(shop(), ("production",)).environments[0].findings)
    assert ".env.production:9:1: URL: an example is left in place; put in what production uses" in found


def test_the_example_is_written_once_and_over_nobody_elses(shop):
    project = shop()
    path, changed = write(project, "production")
    assert (path.name, changed) == (".env.production.example", True)
    assert write(project, "production") == (path, False)
    path.write_text("URL=mine\n")
    with pytest.raises(FairleadError, match="was not made by this command"):
        write(project, "production")
    assert path.read_text() == "URL=mine\n"
    assert write(project, "production", force=True)[1]
    path.write_text(path.read_text() + "more\n")
    assert write(project, "production")[1]
