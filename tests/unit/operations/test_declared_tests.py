"""The tests that a project declares may use its variables."""

from pathlib import Path

from fairlead.operations.test import run_tests
from fairlead.project.project import parse_project

TEXT = """\
name: shop
variables: {GREETING: hello}
services: {web: {command: serve}}
tests: ["echo ${GREETING} there"]
environments: {local: {}, far: {variables: {GREETING: bye}}}
"""


def test_variables_are_put_in(tmp_path: Path) -> None:
    project = parse_project(TEXT, tmp_path)
    said: list[str] = []
    for environment in (None, "far"):
        assert all(one.ok for one in run_tests(project, environment, lambda _: None, said.append))
    assert said == ["hello there", "bye there"]
