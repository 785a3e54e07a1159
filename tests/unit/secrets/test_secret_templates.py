"""Files that are made with secrets: kept with what they are made of, filled in anew for another value."""

import pytest

from fairlead.errors import ConfigurationError
from fairlead.secrets.templates import Recipe, pack, unpack

ONE = Recipe("a.json", '{"p": "${A}", "q": "${B}"}', "json", "a.template.json", {"A": 'x"y', "B": "z"})


def test_a_recipe_comes_back_as_it_was_and_shows_nothing():
    assert unpack(pack([ONE])) == (ONE,) and pack([]) == b"" and unpack(b"") == ()
    assert "x" not in repr(ONE).replace("text", "") or 'x"y' not in repr(ONE)


def test_another_value_makes_another_file_where_it_is_used():
    assert ONE.filled() == b'{"p": "x\\"y", "q": "z"}'
    assert ONE.with_value("A", "new").filled() == b'{"p": "new", "q": "z"}'
    assert ONE.with_value("C", "new") == ONE and ONE.uses("B") and not ONE.uses("C")


def test_a_missing_value_is_an_error():
    with pytest.raises(ConfigurationError, match="B"):
        Recipe("a", "${A} ${B}", "text", "a", {"A": "x"}).filled()
