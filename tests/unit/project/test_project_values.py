"""How values are written, and `${NAME}`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.project import placeholders, values
from fairlead.project.values import Mismatch


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("10s", 10.0), ("1.5s", 1.5), ("5m", 300.0), ("2h", 7200.0), ("30d", 2592000.0), ("0s", 0.0)],
)
def test_durations_are_seconds(text, seconds):
    assert values.duration(text) == seconds


@pytest.mark.parametrize(
    "wrong", ["10", "s", "1 s", "-1s", "1.s", "1w", "1S", "1s\n", "١s", "1" * 10 + "s", 5, None, True]
)
def test_no_duration(wrong):
    with pytest.raises(Mismatch):
        values.duration(wrong)


@pytest.mark.parametrize(
    ("text", "size"), [("512M", 512 * 2**20), ("2G", 2**31), ("1.5K", 1536), ("7B", 7), ("1T", 2**40)]
)
def test_sizes_are_bytes(text, size):
    assert values.size(text) == size


def test_what_may_wait_of_a_log_is_a_few_segments():
    assert values.size_of_a_few("64M") == 64 << 20
    with pytest.raises(ValueError, match="less than 64M"):
        values.size_of_a_few("63M")


@pytest.mark.parametrize(("text", "share"), [("5%", 0.05), ("0%", 0.0), ("100%", 1.0), ("0.5%", 0.005)])
def test_percents_are_shares(text, share):
    assert values.percent(text) == share


@pytest.mark.parametrize("wrong", ["5", "101%", "100.5%", "-1%", 5, 0.05])
def test_no_percent(wrong):
    with pytest.raises(Mismatch):
        values.percent(wrong)


@pytest.mark.parametrize("wrong", [True, 1.5, float("inf"), float("nan"), 10**20, "1", None, 0, 11])
def test_no_whole_number_in_range(wrong):
    with pytest.raises(Mismatch):
        values.whole(wrong, 1, 10)


@pytest.mark.parametrize(
    ("path", "normal"), [("./app", "app"), (".", "."), ("a//b/./c/", "a/b/c"), ("..a/b..", "..a/b..")]
)
def test_paths_inside(path, normal):
    assert values.inside(path) == normal


@pytest.mark.parametrize("wrong", ["/", "//a", "..", "a/..", "../a", "a/../b", "a/../../b", "", "a\nb", "a\0"])
def test_paths_outside(wrong):
    with pytest.raises(Mismatch):
        values.inside(wrong)


@pytest.mark.parametrize("path", ["/srv/uploads", "/srv/uploads/", "//srv/./uploads//", "/srv/a/../uploads"])
def test_a_folder_by_its_whole_path(path):
    assert values.folder(path) == "/srv/uploads"


@pytest.mark.parametrize("wrong", ["uploads", "./uploads", "~/uploads", "/", "//", "/..", "/srv/..", "", "/a\nb", 7])
def test_what_is_no_folder_of_its_own(wrong):
    with pytest.raises(Mismatch):
        values.folder(wrong)


@pytest.mark.parametrize("good", ["127.0.0.1", "0.0.0.0", "localhost", "::", "::1", "2001:db8::1", "::ffff:10.0.0.1"])
def test_addresses(good):
    assert values.address(good) == good


@pytest.mark.parametrize("wrong", ["", "1.2.3", "256.0.0.1", "01.2.3.4", "example.com", "1.2.3.4:80", ":", ":::"])
def test_no_addresses(wrong):
    with pytest.raises(ValueError):
        values.address(wrong)


@pytest.mark.parametrize(
    "long", [" " * 300_000 + "\x01", ":" * 300_000 + "x", "a/" * 150_000 + "\n", "../" * 100_000, "1" * 300_000]
)
def test_no_pattern_takes_long_over_long_text(long):
    # Each takes milliseconds; a pattern that went back and forth would take minutes, and the test would not end.
    patterns = [value for name, value in vars(values).items() if name.isupper() and isinstance(value, str)]
    assert patterns
    for pattern in patterns:
        with pytest.raises(Mismatch):
            values.matching(pattern + "(?!)", long)


def test_names_are_found_and_escapes_left_out():
    assert list(placeholders.names("${A}-${B_1} $C $${D} ${A} $$${E}")) == ["A", "B_1", "A"]


def test_names_are_replaced_and_escapes_undone():
    text = "${HOST}:${PORT} $host $${PORT} $$ ${PORT}"
    assert placeholders.expand(text, {"HOST": "a", "PORT": "1"}) == "a:1 $host ${PORT} $$ 1"


def test_what_a_value_holds_is_not_read_again():
    assert placeholders.expand("${A}", {"A": "${B}"}) == "${B}"


def test_a_name_without_a_value_is_an_error():
    with pytest.raises(KeyError, match="PORT"):
        placeholders.expand("${PORT}", {})


@given(st.text())
def test_escaped_text_comes_back_as_it_was(text):
    assert placeholders.expand(text.replace("${", "$${"), {}) == text
