"""What of two answers is the same, whatever their values are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fairlead.project.stack import Smoke
from fairlead.rollout.evidence.shape import LARGEST, SHOWN, compare, differences, shape
from fairlead.system.http import Answer


def sent(value: Any, kind: str = "application/json", status: int = 200) -> Answer:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Answer(status, body, {"content-type": kind})


def said(old: Any, new: Any) -> list[tuple[str, str, str]]:
    return [(one.what, one.stable, one.canary) for one in differences("/", sent(old), sent(new))]


def test_the_shape() -> None:
    assert shape({"items": [{"price": 1}, {"price": 1.5, "name": "x"}], "next": None, "ok": True}) == {
        "$": {"object"}, "$.items": {"list"}, "$.items[]": {"object"}, "$.items[].price": {"number"},
        "$.items[].name": {"text"}, "$.next": {"null"}, "$.ok": {"true or false"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"a": 1}, {"a": 2.5}),
        ({"a": "x", "b": None}, {"a": "yy", "b": 3}),
        ({"a": []}, {"a": [{"b": 1}]}),
        ({"a": [{"b": 1}]}, {"a": []}),
        ({"a": None}, {"a": {"b": {"c": 1}}}),
        ([{"b": 1}, {"c": 1}], [{"c": 2, "b": 1}]),
        ([1, "x"], ["x", 1, 1]),
        ("x", "y"),
    ],
)
def test_the_same(old: Any, new: Any) -> None:
    assert said(old, new) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"a": 1}, {}, [("$.a", "number", "not there")]),
        ({}, {"a": 1}, [("$.a", "not there", "number")]),
        ({"a": 1}, {"a": "1"}, [("$.a", "number", "text")]),
        ({"a": {"b": 1}}, {"a": {"c": 1}}, [("$.a.b", "number", "not there"), ("$.a.c", "not there", "number")]),
        ({"a": [1]}, {"a": ["x"]}, [("$.a[]", "number", "text")]),
        ([1], {"a": 1}, [("$", "list", "object"), ("$.a", "not there", "number"), ("$[]", "number", "not there")]),
        ([{"a": [{"b": 1}]}], [{"a": [{"b": True}]}], [("$[].a[].b", "number", "true or false")]),
    ],
)
def test_not_the_same(old: Any, new: Any, expected: list[tuple[str, str, str]]) -> None:
    assert said(old, new) == expected


def test_what_lies_very_deep_is_not_looked_into() -> None:
    deep: Any = 1
    for _ in range(600):
        deep = {"a": deep}
    assert said(deep, deep | {"b": 1}) == [("$.b", "not there", "number")]


def test_few_of_many_are_named() -> None:
    assert len(said({str(n): n for n in range(40)}, {})) == SHOWN


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (Answer(200), Answer(500), "GET /x: status was 200, is 500"),
        (Answer(200), Answer(0, error="no answer within 5 s"), "GET /x: status was 200, is no answer within 5 s"),
        (sent({}), sent(b"<p>", "text/html; charset=utf-8"), "GET /x: type was application/json, is text/html"),
        (Answer(200), sent({}), "GET /x: type was none, is application/json"),
        (sent(b"x" * 900, "text/html"), sent(b"x", "text/html"), "GET /x: length was 900 bytes, is 1 bytes"),
        (sent({"s": 1}), sent({"s": "secret"}), "GET /x: $.s was number, is text"),
    ],
)
def test_in_words(old: Answer, new: Answer, expected: str) -> None:
    """Names and types, no values."""
    assert [str(one) for one in differences("/x", old, new)] == [expected]


@pytest.mark.parametrize("body", [b"{", b"", b"[" * 100_000, b'"' + b"x" * LARGEST + b'"'])
def test_json_that_cannot_be_read_is_compared_by_its_length(body: bytes) -> None:
    assert differences("/", sent(body), sent(body)) == ()
    assert [one.what for one in differences("/", sent(b"1" * 900), sent(b"{"))] == ["length"]


def test_texts_of_about_the_same_length() -> None:
    assert differences("/", sent(b"x" * 900, "text/html"), sent(b"y" * 1700, "text/html")) == ()
    assert differences("/", sent(b"", "text/plain"), sent(b"x" * 150, "text/plain")) == ()


def test_both_are_asked_and_what_the_stable_one_does_not_agree_with_itself_on_is_left_out() -> None:
    stable = iter([sent({"a": 1, "trace": "x"}), sent({"a": 1})])
    asked: list[tuple[str, str | None, dict[str, str], float]] = []

    def ask(path: str, host: str | None, headers: dict[str, str], timeout: float) -> Answer:
        asked.append((path, host, headers, timeout))
        return next(stable) if headers == {"X": "old"} else sent({"a": "1", "trace": "y"})

    found = compare(ask, (Smoke("/x", "a.example", timeout=2.0),), {"X": "old"}, {"X": "new"})
    assert [str(one) for one in found] == ["GET /x: $.a was number, is text"]
    assert asked == [("/x", "a.example", {"X": name}, 2.0) for name in ("old", "old", "new")]
