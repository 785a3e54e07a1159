"""Where each resolved value came from, to the line."""

from pathlib import Path

from fairlead.project.given import DotEnv
from fairlead.project.origins import origins
from fairlead.project.project import parse_project

TEXT = """\
name: shop
variables:
  LEVEL: {type: enum, values: [debug, info], default: info}
  URL: {type: url}
  NONE: {required: false}
  TOKEN: {secret: true}
secrets: {KEY: {generate: hex, rotate: 90d}}
services:
  web:
    source: ./app
    command: serve ${PORT} ${LEVEL}
    port: 8000
    health: /health
    routes: [/]
    env: {URL: "${URL}", TWO: "${LEVEL}-${URL}", VERSION: 1.50}
    secrets: [KEY]
    resources: {memory: 1024M}
  worker: {like: web, command: work, env: {VERSION: "2"}}
jobs: {seed: {like: web, command: seed}}
templates: [{from: a.template.json, to: a.json}]
environments:
  local:
    edge: {http: 8080}
    variables: {LEVEL: debug}
    services:
      web: {stop: {grace: 60s}}
  production: {edge: {http: 80}, approve: true, services: {worker: null}, rollout: {strategy: canary}}
"""


def values(environment):
    dotenv = {"local": DotEnv(".env.local", "\nURL=https://a.b\n")}
    project = parse_project(TEXT, Path("/nowhere"), dotenv=dotenv)
    return {one.path: one for one in origins(project, environment)}


def told(one):
    return one.text, one.source, one.where, one.note


def test_each_value_knows_its_line():
    found = values("local")
    assert told(found["services.web.source"]) == ("app", "file", "fairlead.yaml:10", "")
    assert told(found["services.web.health.ready"]) == ("/health", "file", "fairlead.yaml:13", "")
    assert told(found["services.web.stop.grace"]) == ("1m", "overlay", "fairlead.yaml:26", "")
    assert told(found["services.web.stop.drain"]) == ("10s", "default", "", "")
    assert told(found["services.web.resources.memory"]) == ("1G", "file", "fairlead.yaml:17", "")
    assert told(found["runtime"]) == ("process", "default", "", "")
    assert told(found["edge.http"]) == ("8080", "overlay", "fairlead.yaml:23", "")
    assert told(found["secret_backend.kind"]) == ("age", "default", "", "")


def test_variables_come_from_files_overlays_and_the_base():
    found = values("local")
    assert told(found["variables.LEVEL"]) == ("debug", "overlay", "fairlead.yaml:24", "")
    assert told(found["variables.URL"]) == ("https://a.b", "dotenv", ".env.local:2", "")
    assert told(found["variables.LEVEL.type"]) == ("enum", "file", "fairlead.yaml:3", "")
    there = values("production")
    assert told(there["variables.LEVEL"]) == ("info", "file", "fairlead.yaml:3", "")
    assert told(there["variables.URL"]) == (None, "missing", "", "put it into .env.production")


def test_what_a_variable_was_put_into_names_it():
    found = values("local")
    assert told(found["services.web.command"]) == (
        "serve ${PORT} debug", "file", "fairlead.yaml:11", "LEVEL from fairlead.yaml:24",
    )  # fmt: skip
    two = found["services.web.env.TWO"]
    assert (two.text, two.raw) == ("debug-https://a.b", "${LEVEL}-${URL}")
    assert two.note == "LEVEL from fairlead.yaml:24, URL from .env.local:2"
    assert found["services.web.env.VERSION"].text == "1.50"


def test_what_is_like_another_has_its_values_and_its_lines():
    found = values("local")
    assert told(found["services.worker.source"]) == ("app", "file", "fairlead.yaml:10", "")
    assert found["services.worker.env.VERSION"].text == "2"
    assert found["services.worker.env.URL"].where == "fairlead.yaml:15"
    assert found["jobs.seed.env.URL"].text == "https://a.b"
    assert found["jobs.seed.secrets[0].name"].text == "KEY"
    assert "services.worker" not in str(list(values("production")))


def test_secrets_have_a_place_and_no_value():
    found = values("local")
    assert told(found["secrets.KEY"]) == (None, "secret", "secrets/local.yaml", "generated")
    assert told(found["variables.TOKEN"]) == (None, "secret", "secrets/local.yaml", "")
    assert found["secrets.KEY.rotate.every"].text == "90d"


def test_what_follows_from_other_values():
    found = values("production")
    assert told(found["rollout.watch.for"]) == ("5m", "derived", "", "from routes and rollback_window")
    assert told(found["rollout.steps[0].weight"]) == ("5", "derived", "", "the usual steps of a canary")
    assert told(found["rollout.approve"]) == ("true", "derived", "", "as approve of the environment")
    assert told(found["templates[0].format"]) == ("json", "derived", "", "from the name a.json")
    assert values("local")["rollout.approve"].source == "default"


def test_no_place_has_two_values():
    dotenv = {"local": DotEnv(".env.local", "URL=https://a.b\n")}
    project = parse_project(TEXT, Path("/nowhere"), dotenv=dotenv)
    for name in project.environments:
        paths = [one.path for one in origins(project, name)]
        assert len(paths) == len(set(paths))
