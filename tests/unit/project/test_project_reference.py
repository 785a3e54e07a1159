"""The commented example of each section has every key of its models, no other, and loads."""

# ruff: noqa: E501

import typing
from pathlib import Path

import pytest
from project_files import findings

from fairlead.errors import UsageError
from fairlead.project import reference
from fairlead.project.compose import compose
from fairlead.project.file import ProjectFile
from fairlead.project.merge import OVERLAID
from fairlead.project.reference import SECTIONS, comments, section_docs
from fairlead.project.sections import Section
from fairlead.project.tree import Mapping, dotted, select

REST = {
    "name": "name: example\n",
    "services": "services: {web: {command: serve, source: ., port: 1, routes: [/]}, worker: {like: web, command: work}}\n",
    "environments": "environments: {local: {edge: {http: 8080}}}\n",
    "secrets": "secrets: {SESSION_KEY: {}, SMTP_PASSWORD: {}, NPM_TOKEN: {}, ADMIN_TLS_KEY: {}, SCANNER_KEY: {}, ORDERS_URL: {}, REGISTRY_TOKEN: {}}\n",
}


def whole(section):
    """The example, and behind it what every file needs beside."""
    return section_docs(section) + "".join(text for name, text in REST.items() if name != section)


@pytest.mark.parametrize("section", SECTIONS)
def test_the_example_loads(section):
    assert findings(whole(section)) == []


def models(kind, pattern):
    """Every model below a type, with the pattern of the places where it stands."""
    if isinstance(kind, type) and issubclass(kind, Section):
        yield pattern, kind
        for name, info in kind.model_fields.items():
            yield from models(info.annotation, (*pattern, info.alias or name))
    elif typing.get_origin(kind) is typing.Annotated:
        yield from models(typing.get_args(kind)[0], pattern)
    else:
        many = typing.get_origin(kind) in (dict, tuple)
        for part in typing.get_args(kind):
            if part is not Ellipsis:
                yield from models(part, (*pattern, "*") if many else pattern)


def keys_of(model):
    return {info.alias or name for name, info in model.model_fields.items()}


PLACES = [
    (pattern, model)
    for pattern, model in models(ProjectFile, ())
    if pattern
    and pattern[:4] != ("rollout", "judge", "probes", "requests")
    and pattern[:5] not in (("services", "*", "routes", "*", one) for one in ("limit", "policies"))
    and pattern[:3] not in (("jobs", "*", "prepare"), ("jobs", "*", "secrets"))
]
"""Where a model stands; not again where a section is used inside another one."""


@pytest.mark.parametrize(("pattern", "model"), PLACES, ids=lambda part: dotted(part) if isinstance(part, tuple) else "")
def test_the_example_has_every_key(pattern, model):
    tree, _ = compose(section_docs(pattern[0]), "f.yaml")
    shown = {key for node in select(tree, *pattern) if isinstance(node, Mapping) for key in node.items}
    assert shown == keys_of(model)


def test_there_is_an_example_for_every_section_and_no_other():
    assert list(SECTIONS) == list(ProjectFile.model_fields)
    folder = Path(reference.__file__).parent / "docs"
    assert sorted(file.stem for file in folder.iterdir()) == sorted(SECTIONS)


def test_every_section_but_the_name_can_be_overlaid():
    assert set(OVERLAID) == set(SECTIONS) - {"name", "may_differ", "environments"}


def test_the_defaults_named_in_the_comments_are_the_defaults():
    written = {
        dotted(
            path[:1] + tuple(step for step in path[2:] if isinstance(step, str)) if path[0] == "services" else path
        ): text
        for section in ("services", "jobs", "smoke", "rollout")
        for path, text in comments(section)
    }
    for key, default in {
        "services.replicas": "1",
        "services.health.timeout": "5s",
        "services.health.interval": "500ms",
        "services.health.successes": "2",
        "services.health.deadline": "60s",
        "services.stop.signal": "SIGTERM",
        "services.stop.drain": "10s",
        "services.stop.grace": "30s",
        "services.handover": "stop-first",
        "rollout.strategy": "blue-green",
        "rollout.surge": "1",
        "rollout.unavailable": "0",
        "rollout.soak": "0s",
        "rollout.keep": "3",
        "rollout.rollback_window": "10m",
        "rollout.judge.errors.tolerate": "1.5",
        "rollout.judge.latency.over": "300ms",
        "rollout.judge.alpha": "0.01",
        "rollout.judge.promote.confidence": "95%",
        "rollout.judge.probes.rate": "10/m",
        "rollout.judge.insufficient": "hold",
        "rollout.judge.hold_for": "30m",
        "rollout.watch.rollback": "true",
        "rollout.sticky": "off",
        "rollout.approve": "false",
        "jobs.seed.when": "before-traffic",
        "jobs.seed.timeout": "10m",
        "smoke[0].status": "200",
        "smoke[0].timeout": "5s",
    }.items():
        assert written[key].endswith(f"; default: {default}"), key


def test_a_default_written_out_changes_nothing():
    sections = ProjectFile.model_validate({
        "name": "a",
        "services": {"a": {"command": "a"}, "b": {
            "command": "a", "replicas": 1, "handover": "stop-first",
            "health": {"timeout": "5s", "interval": "500ms", "successes": 2, "deadline": "60s"},
            "stop": {"signal": "SIGTERM", "drain": "10s", "grace": "30s"},
        }},
        "jobs": {"a": {"command": "a"}, "b": {"command": "a", "when": "before-traffic", "timeout": "10m"}},
        "smoke": [{"path": "/"}, {"path": "/", "status": 200, "timeout": "5s"}],
        "rollout": {
            "strategy": "blue-green", "surge": 1, "unavailable": 0, "soak": "0s", "keep": 3,
            "rollback_window": "10m", "sticky": "off", "approve": False, "watch": {"rollback": True},
            "judge": {
                "errors": {"tolerate": 1.5}, "latency": "300ms", "alpha": 0.01, "promote": {"confidence": "95%"},
                "probes": "10/m", "insufficient": "hold", "hold_for": "30m",
            },
        },
        "environments": {"a": {}},
    })  # fmt: skip
    assert sections.services["a"] == sections.services["b"]
    assert sections.jobs["a"] == sections.jobs["b"]
    assert sections.smoke[0] == sections.smoke[1]
    assert (
        sections.rollout.model_dump()
        == ProjectFile.model_fields["rollout"].get_default(call_default_factory=True).model_dump()
    )


def test_an_unknown_section():
    with pytest.raises(UsageError) as caught:
        section_docs("service")
    assert caught.value.message == 'there is no section "service"'
    assert caught.value.hint == f"the sections are {', '.join(SECTIONS)}"
