"""The project's own values are found in every form, here by value, elsewhere by fingerprint."""

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import HEX, KEYS, drawn

from fairlead.errors import FairleadError
from fairlead.masking import Secret
from fairlead.secrets.scan import fingerprints
from fairlead.secrets.scan.fingerprints import Fingerprints, looks_random
from fairlead.secrets.scan.own import OwnValue, OwnValues
from fairlead.secrets.scan.patterns import Patterns
from fairlead.secrets.scan.scanner import Scanner

VALUE = drawn("own", 28) + "/+=."
KEY = b"0" * 16


def own(value=VALUE, name="SMTP_PASSWORD"):
    return OwnValue(name, "production", Secret(value))


def by_value(value):
    return OwnValues([own(value)])


def by_fingerprint(value):
    made = fingerprints.make([own(value)], KEY)
    return fingerprints.from_data(json.loads(json.dumps(made.to_data())), "f")


@pytest.fixture(params=[by_value, by_fingerprint])
def finder(request):
    return request.param(VALUE)


PLACES = [
    "{}", "x = '{}'", 'x: "{}", y', "export X={}", "X={};", "https://ada:{}@example.com/", "GET /?key={}&x=1",
    '{{"a": ["{}"]}}', "curl -H 'X-Key: {}'", "<p>{}</p>", "--password={}", "`{}`", "({})", "{}\r", "X={} # comment",
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_found_wherever_it_stands(finder, place):
    text = "one\n" + place.format(VALUE)
    leaks = Scanner([finder], None).scan("x.txt", text.encode())
    assert [(one.line, one.kind, one.own) for one in leaks] == [(2, "the value of SMTP_PASSWORD (production)", True)]
    assert leaks[0].column == text.splitlines()[1].index(VALUE) + 1
    assert VALUE not in str(leaks)


@pytest.mark.parametrize(
    ("form", "how"),
    [
        (base64.b64encode(VALUE.encode()).decode(), "base64"),
        (base64.urlsafe_b64encode(VALUE.encode()).decode(), "base64"),
        (base64.b64encode(VALUE.encode()).decode().rstrip("="), "base64"),
        (quote(VALUE, safe=""), "URL-encoded"),
    ],
)
def test_found_in_other_forms(finder, form, how):
    leaks = Scanner([finder], None).scan("x.txt", f"data: {form}\n".encode())
    assert [one.kind for one in leaks] == [f"the value of SMTP_PASSWORD (production), {how}"]


def test_inside_base64_of_more_it_is_found_where_it_can_be_decrypted():
    coded = base64.b64encode(f"ada:{VALUE}".encode()).decode()
    assert len(Scanner([OwnValues([own()])], None).scan("x", coded.encode())) == 1


def test_a_value_is_one_leak_though_a_pattern_finds_it_too():
    token = KEYS["GitHub Token"]
    leaks = Scanner([OwnValues([own(token)])], Patterns()).scan("x.py", f'token = "{token}"'.encode())
    assert [one.kind for one in leaks] == ["the value of SMTP_PASSWORD (production)"]


def test_binary_files_are_searched_for_own_values():
    leaks = Scanner([OwnValues([own()])], None).scan("x.db", b"\0\0" + VALUE.encode() + b"\0")
    assert len(leaks) == 1


def test_short_values_are_not_looked_for():
    assert Scanner([OwnValues([own("seven77")])], None).scan("x", b"seven77") == []


def test_the_file_of_fingerprints_holds_no_value_and_is_the_same_again():
    data = json.dumps(fingerprints.make([own()], KEY).to_data())
    assert VALUE not in data
    assert VALUE[:8] not in data
    assert data == json.dumps(fingerprints.make([own(), own()], KEY).to_data())
    assert fingerprints.make([own()]).key != fingerprints.make([own()]).key


@pytest.mark.parametrize(
    "value",
    [
        "correct horse battery staple", "CorrectHorseBatteryStaple1", "hunter2hunter2hunter2", "a" * 40,
        "https://user:pass@example.com/path", "1234567890123456",
    ],
)  # fmt: skip
def test_what_could_be_guessed_gets_no_fingerprint(value):
    assert fingerprints.make([own(value)], KEY).known == {}


def test_what_is_drawn_gets_one_nearly_always():
    assert sum(looks_random(drawn(n, 32)) for n in range(1000)) > 980
    assert sum(looks_random(drawn(n, 64, HEX)) for n in range(1000)) > 800


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"key": "zz", "known": {}},
        {"key": "00", "known": []},
        {"key": 1},
        {"key": "00", "known": {"a": []}},
    ],
)
def test_another_file_is_no_file_of_fingerprints(data):
    with pytest.raises(FairleadError, match="this is no file of fingerprints"):
        fingerprints.from_data(data, "secrets/fingerprints.json")


@given(st.text(max_size=300))
def test_any_text_has_tokens_with_their_places(text):
    for token, start in fingerprints.tokens(text):
        assert text[start : start + len(token)] == token
    assert list(Fingerprints(KEY, {}).find(text)) == []
