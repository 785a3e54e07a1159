"""YAML that readers of 1.1 and 1.2 take for the same, and for what it was made of."""

import io

import yaml as pyyaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from fairlead.render.yaml import yaml_text

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, width=32) | TEXT,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(TEXT, below, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(TEXT, VALUES, max_size=4))
@settings(max_examples=150, deadline=None)
@example(
    {
        "a": [
            "no",
            "22:22",
            "0o7",
            "1e3",
            ".inf",
            "~",
            "",
            "y",
            "<<",
            "=",
            "a: b",
            "a #b",
            "2024-01-01",
            "_",
            "._",
            ".",
            "..",
            "...",
            "/",
            "./a",
            "../a",
            "/a",
            ".5",
        ]
    }
)
@example({"no": {"on": {}, "x": [], "y": [[], [1, [2]], {"a": [{"b": 1, "c": 2}]}]}})
@example({"\x85\u2028\ufeff\x7f\x00": "\x85\u2028\ufeff\x7f\x00"})
def test_every_reader_reads_what_was_written(data):
    text = yaml_text(data, "made by fairlead\nin two lines")
    assert text.startswith("# made by fairlead\n# in two lines\n") and text.endswith("\n")
    assert YAML(typ="safe", pure=True).load(io.StringIO(text)) == data
    assert _floats(pyyaml.safe_load(text)) == _floats(data)


def _floats(value):
    """PyYAML reads 1e+16 as text, as YAML 1.1 has it."""
    if isinstance(value, dict):
        return {key: _floats(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_floats(one) for one in value]
    return repr(value) if isinstance(value, float) else value


def test_it_reads_well():
    data = {"name": "shop", "list": ["a", {"b": 1, "c": ["d"]}], "url": "http://x:80/", "image": "redis:8-alpine"}
    expected = "name: shop\nlist:\n  - a\n  - b: 1\n    c:\n      - d\nurl: http://x:80/\nimage: redis:8-alpine\n"
    assert yaml_text(data) == expected
