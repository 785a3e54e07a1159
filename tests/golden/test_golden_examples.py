"""What is rendered of the five reference systems, byte for byte, and that Compose's own schema takes it.

`FAIRLEAD_GOLDEN=write` has the files written anew.
"""

import os
import shutil
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML
from tests.compose_schema import compose_schema

from fairlead.errors import ConfigurationError
from fairlead.operations.render import render
from fairlead.project.loader import load_project

ROOT = Path(__file__).parent.parent.parent
EXPECTED = Path(__file__).parent / "examples"
SYSTEMS = ("core-platform", "practice", "lms", "saas", "alerts")
RECORD = ".fairlead-rendered.json"  #: sums of the files beside it


def contents(folder):
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != RECORD)
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in paths}


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_is_rendered(system, tmp_path):
    example = tmp_path / system
    shutil.copytree(ROOT / "examples" / system, example, ignore=shutil.ignore_patterns("rendered"))
    project = load_project(example / "fairlead.yaml")
    assert len(project.environments) >= 2
    made = {}
    for environment in project.environments:
        folder = render(project, environment).folder
        made |= {f"{environment}/{path}": text for path, text in contents(folder).items()}
    if os.environ.get("FAIRLEAD_GOLDEN") == "write":
        shutil.rmtree(EXPECTED / system, ignore_errors=True)
        shutil.copytree(example / "rendered", EXPECTED / system, ignore=shutil.ignore_patterns(RECORD))
    assert made == contents(EXPECTED / system)


@pytest.mark.parametrize("system", SYSTEMS)
def test_nothing_is_asked_for_that_cannot_be_run(system):
    """But for Kubernetes, which an example has for the day on which it can."""
    project = load_project(ROOT / "examples" / system / "fairlead.yaml")
    for environment in project.environments:
        if project.outline(environment).runtime == "kubernetes":
            with pytest.raises(ConfigurationError, match="kubernetes is not built yet"):
                project.stack(environment)
        else:
            project.stack(environment)


@pytest.mark.parametrize(
    "path", sorted(EXPECTED.glob("*/*/compose.yaml")), ids=lambda path: "/".join(path.parts[-3:-1])
)
def test_composes_own_schema_takes_it(path):
    document = YAML(typ="safe", pure=True).load(path.read_text("utf-8"))
    errors = Draft202012Validator(compose_schema()).iter_errors(document)
    assert [f"{error.json_path}: {error.message}" for error in errors] == []
