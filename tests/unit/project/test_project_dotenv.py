"""`.env` files, case by case against Docker Compose's documented rules and those of compose-go 2.13."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.project import dotenv
from fairlead.project.dotenv import parse


def values(text, outer=None):
    entries, findings = parse(text, ".env", outer)
    assert findings == []
    return {key: entry.value for key, entry in entries.items()}


def messages(text):
    return [str(finding) for finding in parse(text, ".env")[1]]


PLAIN = [
    ("FOO=bar", "bar"),
    ("FOO=", ""),
    ("FOO=\n", ""),
    ("FOO =bar", "bar"),
    ("FOO= bar", "bar"),
    ("FOO\t=\tbar", "bar"),
    ("FOO=bar ", "bar"),
    ("   FOO =bar", "bar"),
    ("\tFOO=bar", "bar"),
    ("FOO=bar baz", "bar baz"),
    ("FOO=bar=baz==", "bar=baz=="),
    ("FOO=postgres://localhost:5432/database?sslmode=disable", "postgres://localhost:5432/database?sslmode=disable"),
    ("FOO: bar", "bar"),
    ("FOO: bar=baz", "bar=baz"),
    ("FOO=1:B", "1:B"),
    ("export FOO=2", "2"),
    ("export\tFOO=2", "2"),
    ("  export FOO=2", "2"),
    ('export FOO="export A"', "export A"),
    ("FOO=bar # comment", "bar"),
    ("FOO=bar #comment", "bar"),
    ("FOO=bar #", "bar"),
    ("FOO=bar\t# not a comment: a tab is no space", "bar\t# not a comment: a tab is no space"),
    ("FOO=123#not-a-comment", "123#not-a-comment"),
    ("FOO= # blanks go first, so this is a value", "# blanks go first, so this is a value"),
    ("FOO=a\\tb", "a\\tb"),
    ("FOO=it's", "it's"),
    ('FOO=say "hi"', 'say "hi"'),
    ("FOO=bar\r\n", "bar"),
    ("\ufeffFOO=bar", "bar"),
    ("# FOO=no\n\n \t\r\n\t # indented\nFOO=bar", "bar"),
    ("FOO=first\nFOO=last", "last"),
    ("FOO=è special", "è special"),
]  # fmt: skip

DOUBLE = [
    ('FOO="bar"', "bar"),
    ('FOO = "bar"', "bar"),
    ('FOO=""', ""),
    ('FOO="  bar  "', "  bar  "),
    ('FOO="bar#baz"', "bar#baz"),
    ('FOO="bar#baz"#', "bar#baz"),
    ('FOO="bar # baz" # comment', "bar # baz"),
    ("FOO=\"'d'\"", "'d'"),
    ('FOO="escaped\\"bar"', 'escaped"bar'),
    ('FOO="\\"quoted\\""', '"quoted"'),
    ('FOO="{\\"hello\\": \\"json\\"}"', '{"hello": "json"}'),
    ('FOO="bar\\nbaz"', "bar\nbaz"),
    ('FOO="a\\tb"', "a\tb"),
    ('FOO="bar\\\\"', "bar\\"),
    ('FOO="first\nsecond\r\nthird"', "first\nsecond\r\nthird"),
    ('FOO="Z\\aZ\\bZ\\fZ\\nZ\\rZ\\tZ\\vZ\\\\Z\\0123Z"', "Z\aZ\bZ\fZ\nZ\rZ\tZ\vZ\\ZSZ"),
    ('FOO="bar\\\\\\n\\ b\\az"', "bar\\\n\\ b\az"),
    ('FOO="\\c"', "\\c"),
    ('FOO="\\x07 \\u12e4 \\U00101234"', "\\x07 \\u12e4 \\U00101234"),
    ('FOO="\\012 \\0377 \\0400 \\0189 \\0"', "\\12 ÿ \\400 \\189 \\"),
    ('FOO="foo\\$BAR"', "foo$BAR"),
    ('FOO="foo\\${BAR}"', "foo${BAR}"),
    ('FOO="foo$$BAR"', "foo$BAR"),
    ('FOO="bar"\nBAZ=1', "bar"),
]

SINGLE = [
    ("FOO='bar'", "bar"),
    ("FOO=''", ""),
    ("FOO='Let\\'s go!'", "Let's go!"),
    ("FOO='$OTHER'", "$OTHER"),
    ("FOO='${OTHER}'", "${OTHER}"),
    ("FOO='$$'", "$$"),
    ("FOO='some\\tvalue'", "some\\tvalue"),
    ("FOO='a\\\\b'", "a\\\\b"),
    ("FOO='bar#baz' # comment", "bar#baz"),
    ('FOO=\'{"hello": "json"}\'', '{"hello": "json"}'),
    ("FOO='one\ntwo'", "one\ntwo"),
    ("export FOO='\\n'", "\\n"),
]


@pytest.mark.parametrize(("text", "value"), PLAIN + DOUBLE + SINGLE)
def test_values(text, value):
    assert values(text)["FOO"] == value


@pytest.mark.parametrize(
    "key", ["exportFOO", "export_FOO", "export.FOO", "A.B", "A-B", "a[1]", "árvíztűrő", "lower", "_X1", "1ST"]
)
def test_keys(key):
    assert values(f"{key}=2") == {key: "2"}


SET = "SET=value\nEMPTY=\n"
EXPANDED = [
    ("$SET", "value"),
    ("${SET}bar", "valuebar"),
    ("$SET$SET", "valuevalue"),
    ("$SET-x", "value-x"),
    ('"quote $SET"', "quote value"),
    ("${UNSET:-default value}", "default value"),
    ("${EMPTY:-default value}", "default value"),
    ("${SET:-default value}", "value"),
    ("${UNSET-default}", "default"),
    ("${EMPTY-default}", ""),
    ("${SET-default}", "value"),
    ("${SET:?error}", "value"),
    ("${EMPTY?error}", ""),
    ("${SET:+there}", "there"),
    ("${EMPTY:+there}", ""),
    ("${UNSET:+there}", ""),
    ("${EMPTY+there}", "there"),
    ("${UNSET+there}", ""),
    ("${UNSET:-${EMPTY:-$SET}}", "value"),
    ("${UNSET:-${SET}}-${SET}", "value-value"),
    ("${UNSET:-a-b:-c?d}", "a-b:-c?d"),
    ('${UNSET:-{"a": {"b": 1}}} end', '{"a": {"b": 1}} end'),
    ("${UNSET:-}", ""),
    ("${UNSET:-http://x:1/${SET}?y=1}", "http://x:1/value?y=1"),
    ("$$SET", "$SET"),
    ("$${SET}", "${SET}"),
    ("cost: 5$", "cost: 5$"),
    ("$1 $- $", "$1 $- $"),
    ("${SET} # comment", "value"),
]


@pytest.mark.parametrize(("text", "value"), EXPANDED)
def test_interpolation(text, value):
    assert values(f"{SET}FOO={text}")["FOO"] == value


def test_what_comes_from_outside_wins_where_it_is_referred_to():
    text = "A=1\nB=${A}\nC=$B\n"
    assert values(text, {"A": "5"}) == {"A": "1", "B": "5", "C": "5"}


def test_a_key_alone_takes_what_comes_from_outside():
    assert values("FOO\nexport BAR\r\nBAZ=1\nLAST", {"FOO": "a", "BAR": "b", "LAST": "c", "OTHER": "d"}) == {
        "FOO": "a",
        "BAR": "b",
        "BAZ": "1",
        "LAST": "c",
    }
    assert values("FOO\nBAZ=1") == {"BAZ": "1"}


def test_places():
    entries, _ = parse('# c\nA=1\n\n  export B="x\ny" C=2\nA=3\n', ".env")
    assert {key: entry[1:] for key, entry in entries.items()} == {"A": (6, 1), "B": (4, 10), "C": (5, 4)}


@pytest.mark.parametrize("text", ['K="', 'K="v', 'K="v\\"', "K=\"v'", "K='", "K='v", "K='v\\'", "K='v\""])
def test_a_quote_that_is_not_closed(text):
    assert messages(f"A=1\n{text}") == [f".env:2:3: K: the quote {text[2]} is not closed before the end of the file"]
    assert values("A=1") == {"A": "1"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lol$wut", ".env:1:4: '$' cannot stand in the name of a variable; expected NAME=value"),
        ("A B=1", ".env:1:1: the name of a variable cannot have a space in it; expected NAME=value"),
        ("=value", ".env:1:1: a value without a name; expected NAME=value"),
        ("A=${B:?set it}", ".env:1:1: A: B is required and has no value: set it"),
        ("A=${B?}", ".env:1:1: A: B is required and has no value"),
        ("A=${}", "A: what stands in ${…} is not a name with a default"),
        ("A=${1}", "A: what stands in ${…} is not a name with a default"),
        ("A=${B/x/y}", "A: what stands in ${…} is not a name with a default"),
        ("A=${B:=x}", "A: what stands in ${…} is not a name with a default"),
        ("A=x${B", "A: ${ is not closed on its line"),
        ('A="${B:-x\ny}"', "A: ${ is not closed on its line"),
        ("A=${B:-${}}", "A: what stands in ${…} is not a name with a default"),
        ("A=${B}", ".env:1:1: A: ${B} names a variable without a value"),
        ('A="\\0000"', "A: a NUL character"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text, message):
    (found,) = messages(text)
    assert message in found


def test_half_a_password_is_not_shown():
    (found,) = messages("PASSWORD=hunter$ecret99")
    assert "ecret99" not in found
    assert "a $ here names a variable without a value" in found


def test_all_mistakes_at_once_and_the_rest_is_read():
    entries, findings = parse("A%=1\nB=2\nC D=3\nE=${\nF=6\n", ".env")
    assert [finding.line for finding in findings] == [1, 3, 4]
    assert (entries["B"].value, entries["F"].value, entries["E"].value) == ("2", "6", "${")


HOSTILE = [
    "A=x\n" * 250_000,
    "A=" + "$A" * 400_000,
    "A=" + "${A:-" * 200_000,
    "A=" + "${A:-" * 100 + "x" + "}" * 100,
    "A=" + "${A:-" * 39 + "x" * 900_000 + "}" * 39,
    "A=" + "${A:-{" * 160_000 + "}" * 5,
    'A="' + "\\\\" * 490_000,
    'A="' + "a\\" * 490_000 + '"',
    "A='" * 330_000,
    'A="x"' * 190_000,
    "\n" * 999_000 + "%",
    "#" * 999_000,
    " \n#\n" * 240_000,
    "A" * 999_000,
    "%" * 999_000,
    "%\n" * 490_000,
    "A0=0123456789\n" + "".join(f"A{n + 1}=$A{n}$A{n}\n" for n in range(100)),
    "A=" + "x" * 500_000 + "\n" + "B=$A\n" * 90_000,
    "A=1\n" * 1_000_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_large_and_deep_input_ends(text):
    _, findings = parse(text, ".env")
    assert len(findings) <= 200


def test_larger_than_any_file_of_variables():
    entries, findings = parse("A=1\n" * dotenv.LARGEST, ".env")
    assert entries == {}
    assert str(findings[0]) == ".env:1:1: larger than 1 MB, which no file of variables needs"


pieces = st.sampled_from(
    [*"AB=:#\"'\\$ {}\n\r\t-?+[].é\0", "${", "${A", ":-", ":?", "export ", " #", "\\n", "\\0", "$$", "\ufeff", "A="]
)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.lists(pieces, max_size=60).map("".join), st.text()))
def test_no_text_raises(text):
    entries, findings = parse(text, ".env")
    lines = text.count("\n") + 1
    assert all(1 <= entry.line <= lines and entry.column >= 1 for entry in entries.values())
    assert all(1 <= finding.line <= lines and finding.column >= 1 for finding in findings)


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_what_is_quoted_comes_back(text):
    single = "'" + text.replace("'", "\\'") + "'"
    double = '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$") + '"'
    assert values(f"A={double}") == {"A": text}
    if "\\" not in text:
        assert values(f"A={single}") == {"A": text}
