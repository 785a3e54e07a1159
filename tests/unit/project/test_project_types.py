"""Types of variables: what fits each, and that no pattern takes long."""

# ruff: noqa: E501 - tables of values read better whole

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from project_files import findings, small

from fairlead.project.patterns import LONGEST_VALUE, Patterns, TooMuch, Unfit, compiled
from fairlead.project.placeholder_values import is_placeholder
from fairlead.project.types import KINDS, LONGEST, Type

FITS = {
    "url": (
        ["https://shop.example.com", "http://[::1]:8080/a?b#c", "postgres://app:p%40s" "@db:5432/shop", "sqlite:///data.db",
         "redis://127.0.0.1:6379/0", "s3://bucket/prefix"],
        ["", "shop.example.com", "https://", "http:///x", "https://a b", "https://a:70000", "https://a:0", "://x",
         "https://[::1", "https://{host}/"],
    ),
    "port": (["1", "8080", "65535"], ["", "0", "65536", "-1", "80a", "080808", "８０"]),
    "int": (["0", "-5", "+7", "9" * 30], ["", "1.5", "x", "9" * 31, "1_000", "١"]),
    "bool": (["true", "False", "yes", "0"], ["", "t", "2", "truthy"]),
    "duration": (["500ms", "1.5s", "30d"], ["", "5", "5 s", "1y", "-1s"]),
    "size": (["512M", "1.5G", "0B"], ["", "512", "2GB", "1k"]),
    "e-mail": (["team@example.com", "a.b+c@x-y.co"], ["", "team", "team@", "@example.com", "a@b", "a b@c.de", "a@b..c"]),
    "hex": (["0f9A", "a"], ["", "0x1f", "g"]),
    "base64": (["c2hvcA==", "c2hvcA", "_-8", "AAAA"], ["", "A", "a=b=", "c2hvcA=", "c2 hv"]),
    "json": (['{"a": [1, null]}', "1", '""'], ["", "{a: 1}", "[", "[" * 100_000]),
}  # fmt: skip


@pytest.mark.parametrize("name", FITS)
def test_what_fits_a_type(name):
    good, bad = FITS[name]
    assert [value for value in good if not KINDS[name].fits(value)] == []
    assert [value for value in bad if KINDS[name].fits(value)] == []


@pytest.mark.parametrize("name", KINDS)
def test_the_example_of_a_type_fits_it(name):
    assert Type(name).fits(Type(name).example, Patterns())


def test_what_is_too_long_fits_nothing():
    assert not Type().fits("x" * (LONGEST + 1), Patterns())
    assert Type().fits("x" * LONGEST, Patterns())


PATTERNS = [
    "[0-9]{6}", "(a|b)*abb", "a?b+c{2,3}", "^x.*y$", "(?:foo|bar)+", "[^a-c]+|b", r"\d+\.\w*", "", "(a*)*", "(a+)+b",
    "a{0,2}(bc|b)?", "$", "(|a)b", "(?P<x>a)+?", r"\s|\S\D\W", "[-a\\d]+", "a*?b", "(?:^a|b$)c?", "é+", "a{2,}",
]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
@settings(max_examples=25, deadline=None)
@given(value=st.text(alphabet="abcxy01.f o-é\t", max_size=8))
def test_a_pattern_means_what_it_means_to_python(pattern, value):
    assert compiled(pattern).matches(value) == bool(re.fullmatch(pattern, value))


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|a)*b", "(a|ab|b)*c", "(.*)*x", "a*" * 100 + "b", "(a{0,30}){0,10}b"])
def test_no_pattern_runs_away(pattern):
    """Python's own matcher takes longer than anybody lives for these."""
    assert not Patterns().matches(pattern, "a" * 500)


def test_all_patterns_together_take_so_much():
    patterns = Patterns()
    with pytest.raises(TooMuch):
        for number in range(1000):
            patterns.matches("(a|b){0,100}c", "a" * (1000 + number))


@pytest.mark.parametrize(
    "pattern", ["(a", "(?i)a", "(?i:a)", "(?=a)b", r"(a)\1", r"\bx", "(?>a)", "a*+", "x" * 401, "a{9999}", "(" * 399]
)
def test_what_a_pattern_cannot_be(pattern):
    with pytest.raises(Unfit):
        compiled(pattern)


def test_a_value_too_long_for_a_pattern_does_not_match():
    assert not Patterns().matches("a*", "a" * (LONGEST_VALUE + 1))


PLACEHOLDERS = [
    "changeme", "ChangeMe!", "change-me-please", "CHANGE_THIS", "replace me", "your-api-key", "YOUR_DOMAIN", "<password>",
    "[your token]", "{{ value }}", "__SECRET__", "TODO", "todo: ask", "placeholder", "xxx", "xxxx-xxxx", "...", "***", "??",
    "https://your-domain.com", "postgres://app:changeme@db/x", "sk_live_xxxxxxxx", "team@your-company.com",
    " changeme ", "put_your_key_here", "REPLACE_WITH_DOMAIN",
]  # fmt: skip
VALUES = [
    "", "info", "hello", "https://shop.example.com", "/your-account", "https://shop.example.com/your-account", "x", "xx",
    "box", "maxx", "todos", "exchange", "exchange-me", "change-password", "add-here-be", "interchange", "123456", "a@example.com", "tbdb", "production",
]  # fmt: skip


def test_placeholders_are_known():
    assert [value for value in PLACEHOLDERS if not is_placeholder(value)] == []
    assert [value for value in VALUES if is_placeholder(value)] == []


@given(st.text())
def test_any_text_may_be_looked_at(text):
    is_placeholder(text)
    for kind in KINDS.values():
        kind.fits(text)


CASES = {
    "an enum without values": ("{A: {type: enum}}", ["6:17: variables.A.type: enum needs values; add values"]),
    "values without an enum": (
        "{A: {values: [x]}}", ["6:17: variables.A.values: only enum has values; add type: enum, or remove values"],
    ),
    "a regex without a pattern": ("{A: {type: regex}}", ["6:17: variables.A.type: regex needs pattern; add pattern"]),
    "a pattern without a regex": (
        "{A: {type: int, pattern: x}}",
        ["6:28: variables.A.pattern: only regex has pattern; add type: regex, or remove pattern"],
    ),
    "a pattern nobody can read": (
        "{A: {type: regex, pattern: '('}}",
        ["6:30: variables.A.pattern: not readable as a regular expression: missing ), unterminated subpattern"],
    ),
    "a default that does not fit": (
        "{A: {type: int, default: two}}", ['6:28: variables.A.default: expected a whole number, got "two"'],
    ),
    "a choice that is not there": (
        "{A: {type: enum, values: [debug, info], default: inf}}",
        ['6:52: variables.A.default: expected one of debug, info, got "inf"; did you mean "info"?'],
    ),
    "an example that does not fit": (
        "{A: {type: regex, pattern: '[0-9]{6}', example: 12}}",
        ["6:51: variables.A.example: expected text that matches [0-9]{6} as a whole, got 12"],
    ),
    "numbers and flags as they are written": (
        "{A: {type: bool, default: true}, B: {type: regex, pattern: '1.50', default: 1.50}}", [],
    ),
    "a name of Fairlead's own": (
        "{PORT: 1}", ["6:13: variables.PORT: ${PORT} is what Fairlead itself puts in; choose another name"],
    ),
    "a secret": ("{A: {type: url, secret: true, example: 'https://x'}}", []),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_with_a_variable_is_said_where_it_is(case):
    text, expected = CASES[case]
    assert findings(small(top=f"variables: {text}\n")) == [f"fairlead.yaml:{line}" for line in expected]


def test_an_environment_is_blamed_for_what_it_says():
    top = "variables: {A: {type: int, default: 2}}\n"
    text = small(top=top, environments="  local: {edge: {http: 8080}, variables: {A: two}}\n")
    expected = 'environments.local.variables.A: expected a whole number, got "two"'
    assert findings(text) == [f"fairlead.yaml:8:43: {expected}"]


def test_pools_and_uses_name_stores_that_there_are():
    text = small(
        "    uses: [cach, db.shop]\n    pools: {db: {size: many, processes: '${N}'}, db2: {size: 5}}\n",
        "stores: {cache: {kind: redis}, db: {kind: postgres, databases: {shops: {}}}}\nvariables: {N: 2}\n",
    )
    assert findings(text) == [
        'fairlead.yaml:6:12: services.web.uses[0]: there is no store "cach"; did you mean "cache"?',
        'fairlead.yaml:6:18: services.web.uses[1]: store "db" has no database "shop"; did you mean "shops"?',
        'fairlead.yaml:7:18: services.web.pools.db.size: expected a whole number, got "many"',
        'fairlead.yaml:7:50: services.web.pools.db2: there is no store "db2"; did you mean "db"?',
    ]


def test_many_patterns_are_not_all_followed():
    one = "{type: regex, pattern: '(.|a){0,100}b', default: " + "a" * 500 + "}"
    many = "".join(f"  V{number}: {one.replace('aaa', f'a{number}', 1)}\n" for number in range(250))
    assert len(findings(small(top=f"variables:\n{many}"))) <= 201
