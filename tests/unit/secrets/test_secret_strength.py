"""Which values are weak, and why; and which are not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from fairlead.secrets.strength import common, password_of, placeholder, weakness

WEAK = {
    "": "empty", "   ": "empty", "changeme": "placeholder", "CHANGE_ME": "placeholder", "xxx": "placeholder",
    "your-secret-key": "placeholder", "<password>": "placeholder", "${DB_PASSWORD}": "placeholder",
    "replace-me-please": "placeholder", "todo": "placeholder", "********": "placeholder",
    "changeEncryptionKey": "placeholder", "this_one_is_insecure_and_should_be_updated": "placeholder",
    "example": "example", "my.example.value": "example", "AKIAIOSFODNN7EXAMPLE": "example",
    "Password123!": "tries first", "hunter2": "tries first", "postgres": "tries first",
    "short-1": "characters", "aaaaaaaaaaaaaaaaaaaa": "different", "abcdefghijklmnop": "row",
    "zyxwvutsrqponmlk": "row", "202020202020": "different", "ababcdcdefef": "randomness",
    "postgres://app:changeme@db/x": "placeholder", "redis://:letmein@cache": "password that",
    "postgres://app:@db/x": "empty",
}  # fmt: skip
FINE = (
    "kX9mQ2vL5nRt", "9f86d081884c7d659a2feaa0c55ad015", "postgres://app:Zk3mP9qLw2xVb7Nc@db.example.com/x",
    "https://hooks.example.com/services/T0/B0/abc", "redis://127.0.0.1:6379", "-----BEGIN PRIVATE KEY-----\nabc",
    "123e4567-e89b-42d3-a456-426614174000", "https://u.example.com/?tls=insecure",
    "wo der Pfeffer wächst", "sk_live_51H8xQ2eZvKYlo2C",
)  # fmt: skip


@pytest.mark.parametrize(("value", "why"), WEAK.items())
def test_weak(value, why):
    assert why in weakness(value)


@pytest.mark.parametrize("value", FINE)
def test_fine(value):
    assert weakness(value) is None


@pytest.mark.parametrize("value", sorted(value for value in WEAK if len(value) > 7))
def test_the_reason_does_not_tell_the_value(value):
    assert value not in weakness(value)


def test_a_plain_value_may_be_short_but_no_placeholder():
    assert placeholder("8080") is None
    assert placeholder("<port>")


def test_the_password_of_an_address():
    assert password_of("postgres://app:p%40ss@db/x") == "p%40ss"
    assert password_of("https://example.com/a:b@c") is None


def test_the_list_is_in_lower_case_and_has_no_blanks_around():
    assert all(word == word.strip().lower() for word in common())


@settings(max_examples=100, deadline=None)
@given(some.text(max_size=60))
def test_any_text_gets_an_answer(text):
    assert weakness(text) is None or isinstance(weakness(text), str)


def test_a_long_text_gets_one_soon():
    assert weakness("ab" * 30_000)
    assert weakness("<" + "a" * 60_000)
