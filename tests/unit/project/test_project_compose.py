"""YAML 1.2 as Fairlead reads it: what is refused, with which words and where, and what a value is taken for."""

import math

import pytest

from fairlead.errors import ConfigurationError
from fairlead.project import compose as composing
from fairlead.project.compose import compose
from fairlead.project.tree import NOTHING, Mapping, Mark, child, plain

REFUSED = {
    "a tab": ("a:\n\tb: 1\n", "2:1: not readable as YAML: a tab where YAML allows only spaces; indent with spaces"),
    "an open quote": ("a: 1\nb: 'x\n", "2:4: not readable as YAML: a quote is not closed before the end of the file"),
    "an open bracket": (
        "a: {b: 1\n",
        "2:1: not readable as YAML: a bracket is not closed, a comma is missing, or text with brackets needs quotes",
    ),
    "two colons": (
        "a: b: c\n",
        "1:5: not readable as YAML: a second `: ` in one value, or wrong indentation; put text in quotes",
    ),
    "indentation": ("a:\n  b: 1\n c: 2\n", "3:2: not readable as YAML: indented differently from the lines above"),
    "no key": ("a: b\nc\n", "3:1: not readable as YAML: neither `key: value` nor `- item`"),
    "a reserved sign": ("a: @x\n", "1:4: not readable as YAML: a value cannot start with @; put it in quotes"),
    "a control character": ("a: 1\nb: \x07\n", "2:4: the control character 0x07 is not allowed in YAML; remove it"),
    "no anchor": ("a: *x\n", "1:4: a: alias *x has no anchor &x before it"),
    "an anchor in itself": ("a: &x {b: *x}\n", "1:11: a.b: alias *x stands inside its own anchor"),
    "two documents": ("a: 1\n---\nb: 2\n", "2:1: a second document; keep one, without further --- lines"),
    "an older YAML": (
        "%YAML 1.1\n---\na: 1\n",
        "1:1: the file asks for another YAML than 1.2; remove the %YAML line",
    ),
    "nothing": ("", "1:1: the file is empty; expected a mapping with name, services and environments"),
    "comments only": ("# shop\n", "1:1: the file is empty; expected a mapping with name, services and environments"),
    "null": ("---\n~\n", "1:1: the file is empty; expected a mapping with name, services and environments"),
    "a list": ("- a\n", "1:1: expected a mapping with name, services and environments, got a list"),
    "text": ("shop\n", '1:1: expected a mapping with name, services and environments, got "shop"'),
    "too deep": ("a: " + "[" * 60 + "]" * 60, "1:44: a[0][0]: nested deeper than 40 levels"),
}

NOTED = {
    "a duplicate key": ("a: 1\nb: 2\na: 3\n", "3:1: a: duplicate key; the first one is on line 1"),
    "a duplicate key below": ("a: {b: 1, b: 2}\n", "1:11: a.b: duplicate key; the first one is on line 1"),
    "a number as key": ("a:\n  8080: x\n", '2:3: a: expected text as a key, got 8080; put it in quotes: "8080"'),
    "true as key": ("true: x\n", '1:1: expected text as a key, got true; put it in quotes: "true"'),
    "nothing as key": ("? \n: x\n", "1:2: expected text as a key, got nothing"),
    "a list as key": ("? [a]\n: x\n", "1:3: expected text as a key, got a list"),
    "a tag": ("a: !!python/object x\n", "1:1: a: the tag !!python/object is not known here; remove it"),
    "a tag of a list": ("a: !secret [x]\n", "1:1: a: the tag !secret is not known here; remove it"),
    "NUL": ('a: "x\\0"\n', "1:1: a: a NUL or half a surrogate pair, which no program can be given; remove it"),
    "half a pair": (
        'a: "\\ud800"\n',
        "1:1: a: a NUL or half a surrogate pair, which no program can be given; remove it",
    ),
    "merging text": ("a:\n  <<: x\n", '2:3: a: << takes a mapping or a list of mappings, got "x"'),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read_is_refused_at_its_place(case):
    text, expected = REFUSED[case]
    with pytest.raises(ConfigurationError) as caught:
        compose(text, "f.yaml")
    assert [str(finding) for finding in caught.value.findings] == [f"f.yaml:{expected}"]


@pytest.mark.parametrize("case", NOTED)
def test_what_can_be_read_on_is_noted(case):
    text, expected = NOTED[case]
    _, findings = compose(text, "f.yaml")
    assert [str(finding) for finding in findings] == [f"f.yaml:{expected}"]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"), ("on", "on"), ("yes", "yes"), ("off", "off"), ("2024-01-01", "2024-01-01"), ("1:30", "1:30"),
        ("1_000", "1_000"), ("0b1", "0b1"), ("true", True), ("FALSE", False), ("tRue", "tRue"), ("~", NOTHING),
        ("", NOTHING), ("null", NOTHING), ("017", 17), ("0o17", 15), ("0x1F", 31), ("-5", -5), ("3.10", 3.1),
        ("1e3", 1000.0), (".5", 0.5), (".inf", math.inf), ("-.INF", -math.inf), ("'5'", "5"), ('"true"', "true"),
        ("!!str 5", "5"), ("! 5", "5"), ("9" * 400, math.inf),
    ],
)  # fmt: skip
def test_scalars_follow_the_core_schema_of_yaml_1_2(written, value):
    tree, findings = compose(f"a: {written}\n", "f.yaml")
    found = plain(tree)["a"]
    assert not findings
    assert (found, type(found).__mro__[-2]) == (value, type(value).__mro__[-2])


def test_a_number_remembers_how_it_was_written():
    tree, _ = compose("a: 3.10\nb: 0x1F\n", "f.yaml")
    assert [value.text for value in plain(tree).values()] == ["3.10", "0x1F"]


def test_every_key_and_value_knows_its_place():
    tree, _ = compose("a:\n  b: [x, {c: 1}]\n", "f.yaml")
    key, item = child(tree, "a", "b"), child(tree, "a", "b", 1, "c")
    assert (key.key, key.mark, key.at) == (Mark(2, 3), Mark(2, 6), Mark(2, 3))
    assert (item.key, item.mark, item.path) == (Mark(2, 11), Mark(2, 14), ("a", "b", 1, "c"))


def test_an_alias_stands_where_it_is_used_and_its_inside_where_it_was_written():
    tree, _ = compose("a: &x {b: 1}\nc: *x\n", "f.yaml")
    assert (child(tree, "c").at, child(tree, "c").path) == (Mark(2, 1), ("c",))
    assert (child(tree, "c", "b").at, child(tree, "c", "b").path) == (Mark(1, 8), ("a", "b"))


def test_merge_keys_give_way_to_own_keys_and_to_earlier_mappings():
    tree, findings = compose("a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {z: 3, <<: [*a, *b]}\n", "f.yaml")
    assert not findings
    assert plain(tree)["c"] == {"z": 3, "x": 1, "y": 1}


def test_a_quoted_merge_key_is_a_key():
    tree, _ = compose("a: {'<<': 1}\n", "f.yaml")
    assert plain(tree) == {"a": {"<<": 1}}


def bomb(levels: int, join: str) -> str:
    """Ten times as many values with every level."""
    lines = ["a0: &a0 {" + ", ".join(f"k{i}: x" for i in range(10)) + "}"]
    lines += [f"a{n}: &a{n} {join.replace('@', f'*a{n - 1}')}" for n in range(1, levels)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    "join", ["[" + ", ".join(["@"] * 10) + "]", "{" + ", ".join(f"k{i}: @" for i in range(10)) + "}"]
)
def test_aliases_that_explode_are_refused_before_they_do(join):
    with pytest.raises(ConfigurationError) as caught:
        compose(bomb(9, join), "f.yaml")
    (finding,) = caught.value.findings
    assert finding.line == 5  # 10, 100, 1 000, 10 000 values, and here too many
    assert finding.message == "more than 40000 values once every alias is followed"


def test_merge_keys_count_as_well():
    text = (
        "a: &a {"
        + ", ".join(f"k{i}: x" for i in range(3000))
        + "}\n"
        + "".join(f"b{i}: {{<<: *a}}\n" for i in range(30))
    )
    with pytest.raises(ConfigurationError, match="more than 40000 values once every alias is followed"):
        compose(text, "f.yaml")


def test_what_stays_below_the_bound_is_read():
    tree, findings = compose(bomb(3, "[@, @, @]"), "f.yaml")
    assert not findings
    assert isinstance(tree, Mapping)
    assert len(plain(tree)["a2"]) == 3
    assert composing.NODES > 1000


def test_a_character_that_json_writes_as_a_pair_is_one():
    tree, findings = compose('a: "\\ud83d\\ude00"\n', "f.yaml")
    assert not findings
    assert plain(tree) == {"a": "😀"}
