"""Compose files as teams write them: imported, rendered again, and compared by what they mean."""

from functools import cache
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from meaning import differences, meaning
from ruamel.yaml import YAML
from tests.compose_schema import compose_schema

from fairlead.operations.adopt.adopt import adopt, compose_files
from fairlead.operations.adopt.written import text
from fairlead.project.dotenv import parse as dotenv
from fairlead.project.project import parse_project
from fairlead.render.compose import compose_project
from fairlead.render.yaml import yaml_text

CORPUS = Path(__file__).parents[3] / "golden" / "compose"
CASES = sorted(path.name for path in CORPUS.iterdir())


def values(*paths):
    """The values of `.env`, and of those secrets that a person has to put together (`secrets.env`)."""
    found = {}
    for file in paths:
        if file.exists():
            found |= {name: entry.value for name, entry in dotenv(file.read_text(), file.name)[0].items()}
    return found


@pytest.mark.parametrize("case", CASES)
def test_the_same_meaning(case):
    folder = CORPUS / case
    project, adopted = imported(folder)
    rendered = yaml_text(compose_project(project.outline("local")))
    flat = folder / "flat.yaml"  # what several files come to
    original = flat if flat.exists() else folder / adopted.files[0]
    before = meaning(original.read_text(), values(folder / ".env"), folder)
    after = meaning(rendered, values(folder / ".env", folder / "secrets.env"), folder)
    expected = folder / "differs.txt"  # what the report says is lost, in words
    secret = {one.name for one in project.outline("local").secrets}
    assert differences(before, after, secret) == (expected.read_text().splitlines() if expected.exists() else [])


@pytest.mark.parametrize("case", CASES)
def test_no_value_of_a_secret_is_written(case):
    folder = CORPUS / case
    project, adopted = imported(folder)
    written = text(adopted.tree, "made", {}) + "".join(map(str, adopted.left))
    secret = {one.name for one in project.outline("local").secrets}
    for name, value in values(folder / ".env", folder / "secrets.env").items():
        assert name not in secret or len(value) < 6 or value not in written


@cache
def imported(folder):
    adopted = adopt(folder, compose_files(folder), folder.name)
    return parse_project(text(adopted.tree, "made", {}), folder), adopted


@pytest.mark.parametrize("case", CASES)
def test_composes_own_schema_takes_it(case):
    project, _ = imported(CORPUS / case)
    document = YAML(typ="safe", pure=True).load(yaml_text(compose_project(project.outline("local"))))
    errors = Draft202012Validator(compose_schema()).iter_errors(document)
    assert [f"{error.json_path}: {error.message}" for error in errors] == []
