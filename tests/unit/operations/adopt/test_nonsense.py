"""Compose files that nobody would write: an answer, never a traceback, and an end within bounds."""

# ruff: noqa: E501 - a hostile file stands on one line

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_every_key import SAMPLES

from fairlead.errors import ConfigurationError, FairleadError
from fairlead.operations.adopt.compose.gather import gather
from fairlead.operations.adopt.compose.project import imported
from fairlead.operations.adopt.left import Report
from fairlead.operations.adopt.values import Values
from fairlead.operations.adopt.written import text
from fairlead.operations.init import init
from fairlead.project.dotenv import Entry
from fairlead.project.project import parse_project

CORPUS = Path(__file__).parents[3] / "golden" / "compose"
FILES = {path.parent.name: path.read_text() for path in sorted(CORPUS.glob("*/compose.yaml"))}
ENV = {"A": Entry("a", 1, 1), "TOKEN": Entry("hunter2-secret", 2, 1), "N": Entry("3", 3, 1)}
HARSH = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 10**9), st.floats(allow_nan=False), st.text(max_size=12),
    st.sampled_from(["${A}", "$A", "${A:-${N}}", "${TOKEN}", "x${TOKEN}y", "${A", "$${A}", "${A:+x}", "", " ", "a b", "1s",
                     "512m", "service:app", "./x", "80:80", "CMD", "CMD-SHELL", "NONE", "app", "default", "~", "null"]),
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda below: st.one_of(
        st.lists(below, max_size=3),
        st.dictionaries(
            st.sampled_from(["target", "source", "test", "context", "limits", "A", "a.b", "x-y", ""]), below, max_size=3
        ),
    ),
    max_leaves=8,
)
services = st.dictionaries(st.sampled_from(sorted(SAMPLES)), values, max_size=8)
documents = st.fixed_dictionaries(
    {"services": st.dictionaries(st.sampled_from(["app", "db", "My_App", "1", ""]), services, max_size=3)},
    optional={key: values for key in ("networks", "volumes", "secrets", "configs", "name", "include", "x-a", "odd")},
)


def answered(files):
    """The import of the files: a project that loads, or an error that says what is wrong."""
    report = Report()
    names = Values(ENV, report)
    try:
        gathered = gather(["compose.yaml"], files.get, report)
    except ConfigurationError as error:
        assert error.findings
        return
    made = imported(gathered, names, files.get)
    assert "hunter2-secret" not in str(made) + "".join(map(str, report.left))
    if made.services:
        tree = {"name": "x", "services": made.services, "stores": made.stores, "compose": made.compose}
        variables = {name: {} for name in names.variables}
        secrets = {name: {} for name in names.secrets}
        tree |= {"variables": variables, "secrets": secrets, "environments": {"local": {"runtime": "docker"}}}
        try:
            parse_project(text(tree, "made", {}), Path())
        except ConfigurationError as error:  # e.g. a service without an image: nothing can be started then
            assert error.findings


@HARSH
@given(documents)
def test_any_tree_is_answered(document):
    answered({"compose.yaml": json.dumps(document)})


@pytest.mark.parametrize("said", ["inter", {"driver_opts": "x"}, [1], 7])
def test_a_network_that_is_none_is_answered(said):
    for name in ("backend", "database"):  # those of Fairlead's own are looked into
        service = {"image": "a", "networks": [name]}
        answered({"compose.yaml": json.dumps({"services": {"app": service}, "networks": {name: said}})})


@pytest.mark.parametrize("said", [True, 7, 1.5, "", "backend", [["a"]], [{"a": 1}], [None], {"a": [1]}])
def test_networks_of_a_service_that_are_none_are_answered(said):
    service = {"image": "a", "networks": said}
    answered({"compose.yaml": json.dumps({"services": {"app": service}, "networks": {"a": {"driver": "x"}}})})


@HARSH
@given(st.sampled_from(sorted(FILES)), st.data())
def test_a_damaged_file_is_answered(name, data):
    lines = FILES[name].splitlines(keepends=True)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        change = data.draw(st.sampled_from(["drop", "twice", "indent", "cut", "junk"]))
        line = lines[at]
        lines[at] = {
            "drop": "", "twice": line + line, "indent": "  " + line, "cut": line[: len(line) // 2] + "\n",
            "junk": line[:-1] + data.draw(st.text(max_size=6)) + "\n",
        }[change]  # fmt: skip
    answered({"compose.yaml": "".join(lines)})


@HARSH
@given(st.text(max_size=200))
def test_any_text_is_answered(content):
    answered({"compose.yaml": content})


def many(count, line):
    return "services:\n" + "".join(line.format(n=n, m=n + 1) for n in range(count))


HOSTILE = {
    "services": lambda: many(12_000, "  s{n}: {{image: x}}\n"),
    "chain of extends": lambda: many(12_000, "  s{n}: {{extends: s{m}, image: x}}\n"),
    "everybody extends one": lambda: "services:\n  b:\n    environment:\n"
    + "".join(f"      V{n}: x\n" for n in range(10_000))
    + "".join(f"  s{n}: {{extends: b}}\n" for n in range(10_000)),
    "variables": lambda: many(1, "  s{n}: {{image: x, command: '" + "${{A:-x}} " * 60_000 + "'}}\n"),
    "nested variables": lambda: many(1, "  s{n}: {{image: '" + "${{A:-" * 30_000 + "}}" * 30_000 + "'}}\n"),
    "depth": lambda: "services: " + "{a: " * 100 + "x" + "}" * 100,
    "laughs": lambda: "a: &a [x]\n" + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9)),
    "ports": lambda: "services:\n  s:\n    image: x\n    ports:\n" + "      - 80:80/x\n" * 40_000,
    "volumes": lambda: "services:\n  s:\n    image: x\n    volumes:\n" + "".join(f"      - v{n}:/v{n}\n" for n in range(30_000)),
    "secrets": lambda: "services:\n  s:\n    image: x\n    environment:\n" + "".join(f"      P{n}_PASSWORD: s{n}xyz\n" for n in range(20_000)),  # pragma: allowlist secret
    "files of variables": lambda: many(700, "  s{n}: {{image: x, env_file: .env}}\n"),
    "include of itself": lambda: "include: [compose.yaml]\nservices: {a: {image: x}}\n",
    "names that are one": lambda: many(4_000, "  'A{n}{n}': {{image: x}}\n  'a{n}-{n}': {{image: x}}\n"),
    "labels": lambda: "services:\n  s:\n    image: x\n    labels:\n" + "".join(f"      traefik.http.routers.r{n}.rule: Host(`a`)\n" for n in range(15_000)),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_come_to_an_end(tmp_path, name):
    (tmp_path / "compose.yaml").write_text(HOSTILE[name]()[:520_000])
    (tmp_path / ".env").write_text("".join(f"V{n}=value-number-{n}\n" for n in range(1_900)))
    try:
        assert len(init(tmp_path).left) <= 500
    except FairleadError as error:
        assert error.message
