"""What must be the same in every environment, word for word and to the line."""

# ruff: noqa: E501 - messages stand on one line, as they are printed

from pathlib import Path

import pytest
from project_files import small

from fairlead.project.parity import drift, matches
from fairlead.project.project import parse_project

BASE = "variables: {LEVEL: {default: info, type: enum, values: [debug, info]}}\nsecrets: {KEY: {rotate: 90d}}\n"


def drifts(local, production="", services="", top=BASE):
    environments = f"  local: {{edge: {{http: 1}}{local}}}\n  production: {{edge: {{http: 2}}{production}}}\n"
    found = drift(parse_project(small(services, top, environments), Path("/nowhere")))
    return [str(one).removeprefix("fairlead.yaml:") for one in found]


FREE = {
    "nothing": "",
    "where it runs": ", runtime: docker, host: 'ssh://a.b', approve: true, secret_backend: vault",
    "how many, and what they may use": ", services: {web: {replicas: 3, resources: {cpu: 1}}}",
    "how it rolls out and who is told": ", rollout: {strategy: rolling, surge: 2}, notify: [{to: slack, secret: A}]",
    "values of variables": ", variables: {LEVEL: debug}",
    "how often secrets change": ", secrets: {KEY: {rotate: 30d}}",
    "hosts": ", services: {web: {routes: [{path: /, host: a.b}]}}",
    "the same, written differently": ", services: {web: {stop: {grace: 30s, drain: 10000ms}, replicas: 1}}",
}


@pytest.mark.parametrize("case", FREE)
def test_what_may_differ_anyway(case):
    assert drifts("", FREE[case], services="    routes: [/]\n") == []


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        (", services: {web: {command: other}}", ["9:47: services.web.command: differs: other in local, \"serve ${PORT}\" in production; make them alike, or say may_differ: [services.web.command] if it is meant"]),
        (", services: {web: {image: x}}", ["9:47: services.web.image: differs: local has it, production does not; make them alike, or say may_differ: [services.web.image] if it is meant"]),
        (", services: {web: {env: {A: 1}}}", ["9:53: services.web.env: differs: local has it, production does not; make them alike, or say may_differ: [services.web.env] if it is meant"]),
        (", services: {b: {command: x}}", ["9:45: services.b: differs: local has it, production does not; make them alike, or say may_differ: [services.b] if it is meant"]),
        (", stores: {db: {kind: postgres}}", ["9:43: stores: differs: local has it, production does not; make them alike, or say may_differ: [stores] if it is meant"]),
        (", variables: {B: x}", ["9:40: variables.B: differs: local has it, production does not; make them alike, or say may_differ: [variables.B] if it is meant"]),
        (", variables: {LEVEL: {values: [info, warn]}}", [
            "9:58: variables.LEVEL.values[0]: differs: info in local, debug in production; make them alike, or say may_differ: [variables.LEVEL.values[0]] if it is meant",
            "9:64: variables.LEVEL.values[1]: differs: warn in local, info in production; make them alike, or say may_differ: [variables.LEVEL.values[1]] if it is meant",
        ]),
        (", services: {web: {routes: [/api]}}", ["9:56: services.web.routes: differs: local has it, production does not; make them alike, or say may_differ: [services.web.routes] if it is meant"]),
    ],
)  # fmt: skip
def test_what_must_be_alike(local, expected):
    assert [line.partition(": ")[2] for line in drifts(local)] == [line.partition(": ")[2] for line in expected]
    assert all(line.startswith("9:") for line in drifts(local))


def test_a_null_is_the_place():
    found = drifts("", ", services: {b: null}", services="  b: {command: x}\n")
    assert [line.partition(": differs")[0] for line in found] == ["11:44: services.b"]


def test_what_is_declared_may_differ():
    top = BASE + "may_differ: ['services.*.command', services.b, 'services.*.env.A']\n"
    local = ", services: {web: {command: x, env: {A: 1}}, b: {command: y}}"
    assert drifts(local, services="    env: {A: 2}\n", top=top) == []
    found = drifts("", top=top)
    assert found == [
        '8:36: may_differ[1]: no environment has anything at "services.b"; correct it, or remove it',
        '8:48: may_differ[2]: no environment has anything at "services.*.env.A"; correct it, or remove it',
    ]


def test_one_environment_is_alike():
    assert drift(parse_project(small(), Path("/nowhere"))) == ()


@pytest.mark.parametrize(
    ("pattern", "path", "matching"),
    [
        ("services.*.replicas", "services.web.replicas", True),
        ("services", "services.web.replicas", True),
        ("services.*.routes.*.path", "services.web.routes[0].path", True),
        ("services.web.routes[0]", "services.web.routes[0].path", True),
        ("services.web.replicas", "services.web", False),
        ("services.*.port", "services.web.replicas", False),
        ("serv", "services.web", False),
    ],
)
def test_patterns(pattern, path, matching):
    assert matches(pattern, path) is matching
