"""Pages that are made from the code are current, and what pages say of the repository is there."""

import importlib.util
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]


@cache
def made():
    """Every page as the code has it now."""
    spec = importlib.util.spec_from_file_location("docs_generator", ROOT / "scripts" / "docs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.pages()


@pytest.mark.parametrize(
    "name", ["project-file.md", "commands.md", "exit-codes.md", "ledger.md", "fairlead.schema.json"]
)
def test_the_reference_is_as_the_code_has_it(name):
    assert name in made()
    assert (ROOT / "docs" / "reference" / name).read_text() == made()[name], "out of date: make docs"


def test_nothing_else_is_in_the_reference():
    there = {file.name for file in (ROOT / "docs" / "reference").iterdir()}
    assert there == set(made())


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_named_tests_exist(page):
    found = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", page.read_text())
    missing = [
        f"{file}::{name}"
        for file, name in found
        if not (ROOT / file).exists() or (name and f"def {name}(" not in (ROOT / file).read_text())
    ]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_named_files_exist(page):
    """`rollout/plan.py` is one of the package, `scripts/lock` one of the repository."""
    top = {path.name for path in (ROOT / "src" / "fairlead").iterdir() if path.is_dir()}
    top |= {"scripts", "docs", "tests", "examples", "src", ".ci"}
    missing = []
    for name in re.findall(r"`([\w.]+/[\w/.-]*)`", page.read_text()):
        if name.split("/")[0] in top and not any((base / name).exists() for base in (ROOT, ROOT / "src" / "fairlead")):
            missing.append(name)
    assert missing == []
