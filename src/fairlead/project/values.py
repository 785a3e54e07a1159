"""How values are written: durations, sizes, percents, names. Plain functions that the command line can use too.

Each raises `Mismatch` (the caller says what was expected) or ValueError with its own sentence. The patterns are kept
to what Python's `re` and a JSON Schema's ECMA-262 read alike, because the published schema uses the same ones.
"""

from __future__ import annotations

import ipaddress
import posixpath
import re
import shlex
from bisect import bisect

from fairlead.project.stack import LATENCY_BUCKETS

NAME = r"[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?"
VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"
DURATION = r"[0-9]{1,9}(?:\.[0-9]{1,3})?(?:ms|s|m|h|d)"
SIZE = r"[0-9]{1,9}(?:\.[0-9]{1,3})?(?:B|K|M|G|T)"
PERCENT = r"(?:100(?:\.0{1,3})?|[0-9]{1,2}(?:\.[0-9]{1,3})?)%"
LASTING = rf"(?!0+(?:\.0+)?[a-z]){DURATION}"
DURATION_OR_OFF = rf"{DURATION}|off"
RATE = r"[1-9][0-9]{0,8}/(?:s|m|h)"
PROBE_RATE = r"(?:0|[1-9][0-9]?)/s|(?:0|[1-9][0-9]{0,3})/m|(?:0|[1-9][0-9]{0,4})/h|off"
ERRORS_BELOW = r"(?!0+(?:\.0+)?%)(?:50(?:\.0{1,3})?|[0-4]?[0-9](?:\.[0-9]{1,3})?)%"
CONFIDENCE = r"[5-9][0-9](?:\.[0-9]{1,3})?%"
URL_PATH = r"/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*"
URL_TARGET = r"/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*(?:\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
HOST = rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*"
_BYTE = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
ADDRESS = (
    rf"localhost|{_BYTE}(?:\.{_BYTE}){{3}}"
    r"|(?=[0-9A-Fa-f:.]{2,45}$)[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*"
)  # fmt: skip
INSIDE = r"(?!/)(?!(?:[^\n]*/)?\.\.(?:/|$))[^\u0000-\u001f\u007f]+"
FOLDER = r"/[^\u0000-\u001f\u007f]*[^\u0000-\u001f\u007f./][^\u0000-\u001f\u007f]*"
TEXT_LINE = r" *[^\u0000-\u0020\u007f][^\u0000-\u001f\u007f]*"
COMMAND = r"[ \t]*[^\u0000-\u0020\u007f][^\u0000-\u0008\u000a-\u001f\u007f]*\n*"

_IP = r"[0-9A-Fa-f:.]{2,45}"
NETWORK = rf"{_IP}(?:/[0-9]{{1,3}})?"
REDIRECT = rf"(?:https?://{_LABEL}(?:\.{_LABEL})*(?::[0-9]{{1,5}})?(?:{URL_PATH})?|{URL_PATH})"

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"B": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


class Mismatch(ValueError):
    """The value is not of the kind asked for; whoever asked knows how to say it."""


def matching(pattern: str, value: object) -> str:
    """`value` when it is text that matches as a whole; Mismatch otherwise."""
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise Mismatch
    return value


def duration(value: object) -> float:
    """Seconds, from `500ms`, `10s`, `1.5s`, `5m`, `2h`, `30d`."""
    number, unit = re.findall(r"[0-9.]+|[a-z]+", matching(DURATION, value))
    return float(number) / 1000 if unit == "ms" else float(number) * _SECONDS[unit]


def duration_or_off(value: object) -> float | None:
    """Seconds, or None from `off`."""
    return None if value == "off" else duration(value)


def shown_duration(seconds: float) -> str:
    """How a short time is written: `300ms`, `1.5s`."""
    return f"{seconds * 1000:g}ms" if seconds < 1 else f"{seconds:g}s"


def latency(value: object) -> float | None:
    """Seconds, one of those that the edge counts answers by; None from `off`. ValueError names the two nearest."""
    seconds = duration_or_off(value)
    if seconds is None or seconds in LATENCY_BUCKETS:
        return seconds
    place = min(max(bisect(LATENCY_BUCKETS, seconds), 1), len(LATENCY_BUCKETS) - 1)
    near = " and ".join(shown_duration(one) for one in LATENCY_BUCKETS[place - 1 : place + 1])
    raise ValueError(f"the edge does not count answers over {value}; the nearest that it does are {near}")


def watched(value: object) -> float:
    """Seconds; 0 from `off`."""
    return duration_or_off(value) or 0.0


def lasting(value: object) -> float:
    """Seconds, more than 0."""
    return duration(matching(LASTING, value))


def errors_below(value: object) -> float:
    """A share above 0, up to a half."""
    return percent(matching(ERRORS_BELOW, value))


def confidence(value: object) -> float:
    """A share from a half up, below 1."""
    return percent(matching(CONFIDENCE, value))


def rate(value: object) -> float:
    """How often in a second, from `2/s`, `10/m` or `5/h`; 0 from `0/m` and `off`."""
    text = matching(PROBE_RATE, value)
    if text == "off":
        return 0.0
    number, unit = text.split("/")
    return int(number) / _SECONDS[unit]


def size(value: object) -> int:
    """Bytes, from `512M`, `2G`, `1.5G`; units are powers of 1024."""
    text = matching(SIZE, value)
    return round(float(text[:-1]) * _BYTES[text[-1]])


def size_or_off(value: object) -> int:
    """Bytes; 0 from `off`."""
    return 0 if value == "off" else size(value)


def size_of_a_few(value: object) -> int:
    """Bytes, at least those of four segments of a PostgreSQL's log."""
    found = size(value)
    if found < 64 << 20:
        raise ValueError("less than 64M")
    return found


def network(value: object) -> str:
    """A network of IP addresses; one address is a network of its own."""
    text = matching(NETWORK, value)
    try:
        return str(ipaddress.ip_network(text))
    except ValueError as error:
        raise ValueError(f"no network: {error}") from None


def percent(value: object) -> float:
    """A share from 0 to 1, from `5%` or `0.5%`."""
    return float(matching(PERCENT, value)[:-1]) / 100


def number(value: object) -> float:
    """A finite number; true and false are none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e15:
        raise Mismatch
    return float(value)


def whole(value: object, least: int, most: int) -> int:
    """A whole number in that range, both ends included. `2.0` is 2, as in JSON Schema."""
    found = number(value)
    if found != int(found) or not least <= found <= most:
        raise Mismatch
    return int(found)


def written(value: object) -> str:
    """Text for an environment variable: text, or a number or true/false as it was written."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(getattr(value, "text", value))
    if not isinstance(value, str):
        raise Mismatch
    return value


def command(value: object) -> str:
    """One command line that splits into at least one word."""
    text = matching(COMMAND, value).strip()
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ValueError(f"not readable as a command line: {str(error).lower()}") from None
    if not words or not words[0]:
        raise ValueError("the command line names no program")
    return text


def inside(value: object) -> str:
    """A relative path without `..`, normalised; nothing outside of the project can be named by it."""
    return posixpath.normpath(matching(INSIDE, value))


def folder(value: object) -> str:
    """A whole path, normalised: what lies beside it is named after it."""
    path = "/" + posixpath.normpath(matching(FOLDER, value)).lstrip("/")
    if path == "/":
        raise Mismatch
    return path


def host(value: object) -> str:
    """A host name, in lower case."""
    return matching(HOST, value).lower()


def address(value: object) -> str:
    """An IPv4 or IPv6 address, or localhost."""
    text = matching(ADDRESS, value)
    if ":" in text:
        try:
            ipaddress.IPv6Address(text)
        except ValueError:
            raise ValueError(f'"{text}" is not an IPv6 address') from None
    return text
