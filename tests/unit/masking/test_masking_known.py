"""Values that became known to this process are masked in what it says, in every form in which they may stand there."""

import base64
import html
import json
import logging
import re
import shlex
import traceback
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.masking import MASK, Secret, concealed, concealed_data, masked
from fairlead.masking.forms import forms
from fairlead.masking.known import at_first, forget

VALUE = "pä'ss/w+rd \"x&y<%>\\"


@pytest.mark.parametrize(
    "written",
    [
        VALUE, quote(VALUE), quote(VALUE, safe=""), quote_plus(VALUE),
        re.sub("%..", lambda found: found[0].lower(), quote(VALUE, safe="")),
        base64.b64encode(VALUE.encode()).decode(), base64.urlsafe_b64encode(VALUE.encode()).decode(),
        json.dumps(VALUE), json.dumps(VALUE, ensure_ascii=False), repr(VALUE), shlex.quote(VALUE), html.escape(VALUE),
        VALUE.encode().hex(), VALUE.encode().hex().upper(),
    ],
)  # fmt: skip
def test_every_form_is_masked(written):
    Secret(VALUE)
    text = concealed(f"before {written} after")
    assert text.startswith("before ")
    assert text.endswith(" after")
    assert MASK in text
    for part in ("w+rd", "ss/w", "w%2", quote(VALUE)[:8], base64.b64encode(VALUE.encode()).decode()[3:12]):
        assert part not in text


@pytest.mark.parametrize("user", ["", "a", "ab", "abc", "longer-name"])
def test_base64_of_a_text_with_the_value_inside_is_masked(user):
    Secret("Fq7_wheel-house")
    coded = base64.b64encode(f"{user}:Fq7_wheel-house@host".encode()).decode()
    left = concealed(coded).replace(MASK, "")
    assert MASK in concealed(coded)
    assert len(left) <= len(coded) - 15 * 8 // 6 + 2  # at most the characters that others have a part in


def test_a_line_of_a_key_is_masked_alone():
    body = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQ"
    Secret(f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n")
    assert concealed(f"log: {body}") == f"log: {MASK}"
    assert concealed("-----BEGIN PRIVATE KEY-----") == "-----BEGIN PRIVATE KEY-----"


def test_short_values_are_not_known():
    Secret("abc")
    Secret("")
    assert concealed("abc abcdef") == "abc abcdef"


def test_the_longest_goes_first():
    Secret("house-boat")
    Secret("house")
    assert concealed("house-boat house") == f"{MASK} {MASK}"


def test_a_value_stays_known_when_nobody_holds_it_any_more():
    Secret("Fq7_wheel-house").reveal()
    assert concealed("it was Fq7_wheel-house") == f"it was {MASK}"
    forget()
    assert concealed("it was Fq7_wheel-house") == "it was Fq7_wheel-house"


def test_data_stays_data():
    Secret("true")
    data = {"ok": True, "true": ["true", 1, None, {"x": ("a true",)}]}
    assert concealed_data(data) == {"ok": True, "true": [MASK, 1, None, {"x": [f"a {MASK}"]}]}
    assert json.loads(json.dumps(concealed_data(data)))["ok"] is True


def test_masked_takes_more_values_and_shapes():
    Secret("Fq7_wheel-house")
    coded = base64.b64encode(b"own-value-here").decode()
    text = masked(f"Fq7_wheel-house {coded} token=whatever https://a:b@c", ["own-value-here"])
    assert text == f"{MASK} {MASK} token={MASK} https://a:{MASK}@c"


def test_log_records_of_libraries_are_concealed(caplog):
    value = Secret("Fq7_wheel-house").reveal()
    log = logging.getLogger("library")
    try:
        raise ValueError(f"bad password {value}")
    except ValueError:
        log.exception("with %s", value, stack_info=True)
    log.warning({"password": value})
    log.warning("%d", value)  # which does not fit
    assert value not in caplog.text
    assert "ValueError: bad password ********" in caplog.text
    assert [record.args for record in caplog.records[:2]] == [None, None]


def test_whoever_wants_is_told_of_the_first_one():
    told = []
    at_first(lambda: told.append(1))
    Secret("abc")
    assert told == []
    Secret("Fq7_wheel-house")
    Secret("another-value")
    assert told == [1]


@given(st.text(min_size=4))
def test_no_value_survives(value):
    forget()
    Secret(value)
    for form in forms(value):
        assert value not in concealed(f"<{form}>") or value in f"<{MASK}>"


@given(st.text(max_size=40))
def test_text_without_a_known_value_is_left_alone(text):
    forget()
    assert concealed(text) == text
    assert traceback.format_exception(ValueError(text))
