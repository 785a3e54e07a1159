"""What sops takes an unquoted scalar for, and the bytes that it adds to the MAC for it (sops.go, ToBytes).

sops reads YAML with Go's yaml.v3: integers in any base with underscores, floats, `true` and `false`, null. Floats are
written as Go's FormatFloat(x, 'f', -1, 64) does: the shortest text that gives the same number, without an exponent.
"""

from __future__ import annotations

import re
from decimal import Decimal

from fairlead.secrets.sops.nodes import Scalar

_WORDS = {word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")}
_NULLS = ("", "~", "null", "Null", "NULL")
_INT = re.compile(r"[-+]?(0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL = {
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), b"+Inf"),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), b"-Inf"),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), b"NaN"),
}
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?")
_LONGEST = 40  #: characters of a number that anybody means as one


def is_null(scalar: Scalar) -> bool:
    """Whether it is nothing at all; sops neither encrypts that nor adds it to the MAC."""
    return scalar.plain and scalar.text in _NULLS


def is_date(scalar: Scalar) -> bool:
    """Whether it is a date, which versions of sops read differently."""
    return scalar.plain and _DATE.fullmatch(scalar.text) is not None


def is_text(text: str) -> bool:
    """Whether it stays text when it is written without quotes."""
    typed = text in _WORDS or text in _NULLS or text in _SPECIAL or _INT.fullmatch(text) or _FLOAT.fullmatch(text)
    return not typed


def data_of(scalar: Scalar) -> bytes:
    """The bytes of an unencrypted value for the MAC."""
    text = scalar.text
    if not scalar.plain or len(text) > _LONGEST:
        return text.encode()
    if text in _WORDS:
        return str(_WORDS[text]).encode()
    if text in _SPECIAL:
        return _SPECIAL[text]
    if _INT.fullmatch(text):
        return _whole(text)
    return _float(text) if _FLOAT.fullmatch(text) else text.encode()


def _whole(text: str) -> bytes:
    digits = text.replace("_", "")
    bare = digits.lstrip("+-")
    octal = re.fullmatch(r"0[0-7]+", bare)
    try:
        number = int(digits, 8) if octal else int(digits, 0)
    except ValueError:  # 08: no octal number, so a float
        return _float(digits)
    if -(1 << 63) <= number < 1 << 64:
        return str(number).encode()
    return _float(digits)


def _float(text: str) -> bytes:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        return text.encode()
    written = format(Decimal(repr(number)), "f")
    return (written.rstrip("0").rstrip(".") if "." in written else written).encode()
