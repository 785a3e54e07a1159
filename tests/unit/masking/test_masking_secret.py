"""A secret shows as a mask on every path by which Python turns a value into text."""

import copy
import dataclasses
import io
import json
import logging
import pickle
import traceback

import pytest
from rich.console import Console
from rich.traceback import Traceback

from fairlead.masking import MASK, Secret

VALUE = "Fq7_wheel-house"


@dataclasses.dataclass(frozen=True)
class Login:
    user: str
    password: Secret


SECRET = Secret(VALUE)
LOGIN = Login("ada", SECRET)


@pytest.mark.parametrize(
    "shown",
    [
        lambda: str(SECRET),
        lambda: repr(SECRET),
        lambda: f"{SECRET} {SECRET!r} {SECRET!s:>30} {SECRET:<30}",
        lambda: "%s %r" % (SECRET, SECRET),  # noqa: UP031
        lambda: "{} {login.password}".format(SECRET, login=LOGIN),  # noqa: UP032
        lambda: repr(LOGIN),
        lambda: str([SECRET, {SECRET: SECRET}]),
        lambda: str(dataclasses.asdict(LOGIN)),
        lambda: repr(dataclasses.replace(LOGIN, user="bo")),
        lambda: repr((copy.copy(SECRET), copy.deepcopy(LOGIN))),
        lambda: json.dumps(dataclasses.asdict(LOGIN), default=str),
        lambda: ascii(SECRET),
    ],
)
def test_it_shows_as_a_mask(shown):
    text = shown()
    assert MASK in text
    assert VALUE not in text


@pytest.mark.parametrize(
    "taken",
    [
        lambda: json.dumps({"password": SECRET}),
        lambda: pickle.dumps(SECRET),
        lambda: pickle.dumps(LOGIN),
        lambda: SECRET.__reduce_ex__(2),
        SECRET.__getstate__,
        lambda: "user:" + SECRET,
        lambda: bytes(SECRET),
        lambda: list(SECRET),
        lambda: vars(SECRET),
        lambda: "%d" % SECRET,  # noqa: UP031
    ],
)
def test_what_would_take_the_value_is_refused_without_saying_it(taken):
    with pytest.raises(TypeError) as caught:
        taken()
    assert VALUE not in str(caught.value)


def test_a_copy_is_the_same_object():
    assert copy.deepcopy(SECRET) is SECRET
    assert dataclasses.asdict(LOGIN)["password"] is SECRET


def test_secrets_are_compared_by_value():
    assert Secret("one-value") == Secret("one-value")
    assert Secret("one-value") != Secret("another")
    assert Secret("one-value") != "one-value"
    assert len({Secret("one-value"), Secret("one-value"), Secret("ä\ud800")}) == 2
    assert not Secret("")
    assert Secret("0")


def fail(secret):
    login = Login("ada", secret)
    values = {"password": secret, "all": [login]}
    raise RuntimeError(f"no login with {secret} of {len(values)}")


def test_tracebacks_do_not_show_it_with_their_locals_either():
    try:
        fail(SECRET)
    except RuntimeError as error:
        plain = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
        rich = Console(file=io.StringIO(), width=200)
        rich.print(Traceback.from_exception(type(error), error, error.__traceback__, show_locals=True))
        shown = rich.file.getvalue()
    for text in (plain, shown):
        assert "login = Login(user='ada'" in text or "login = Login" in text
        assert MASK in text
        assert VALUE not in text


def test_arguments_of_logging_do_not_show_it(caplog):
    logging.getLogger("library").warning("login with %s as %r", SECRET, LOGIN)
    assert VALUE not in caplog.text
    assert MASK in caplog.text
