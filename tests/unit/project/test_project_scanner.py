"""What is read of a text is what ruamel.yaml reads of it, place by place, its errors included."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from project_files import WHOLE
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from fairlead.project.scanner import QuickScanner

ROOT = Path(__file__).parents[3]
FILES = [*ROOT.glob("examples/*/fairlead.yaml"), *ROOT.glob("tests/golden/compose/*/compose.yaml")]
PIECES = [
    "a",
    ":",
    " ",
    "\n",
    "- ",
    "{",
    "}",
    "[",
    "]",
    ",",
    "&a ",
    "*a",
    "? ",
    "'",
    '"',
    "|\n",
    "#",
    "---\n",
    "\t",
    "  ",
    "a: b",
]


def events(text, scanner=None):
    """Every event and where it is; in the end what was wrong, and where."""
    yaml, found = YAML(typ="safe", pure=True), []
    yaml.Scanner = scanner
    try:
        for event in yaml.parse(text):
            found.append((repr(event), event.start_mark.index, event.end_mark.index))
    except YAMLError as error:
        found.append(str(error))
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_files(file):
    assert len(events(file.read_text())) > 20
    assert events(file.read_text(), QuickScanner) == events(file.read_text())


@settings(max_examples=100)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_any_text(text):
    assert events(text, QuickScanner) == events(text)


@pytest.mark.parametrize("put", ["x", ":", "{", "]", "'", "\n  ", "a" * 1100 + ": "])
def test_a_damaged_file(put):
    for place in range(0, len(WHOLE), len(WHOLE) // 3):
        text = WHOLE[:place] + put + WHOLE[place:]
        assert events(text, QuickScanner) == events(text), place
