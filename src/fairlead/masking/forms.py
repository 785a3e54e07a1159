"""In which ways a value may stand in a text: as it is, quoted, encoded, a line of it alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

SHORTEST = 4  #: characters; what is shorter would mask half of any text
SHORTEST_CODED = 6  #: of a form in base64 or hex: what is shorter stands in other words by chance
SHORTEST_LINE = 16  #: of one line of a value that has several, as a private key has
_CERTIFICATE = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----")
_REST = re.compile(rf"{_CERTIFICATE[0]}[A-Za-z0-9+/=\s]*{_CERTIFICATE[1]}")
PLAIN, QUOTED, URL, BASE64, HEX = "as it is", "quoted", "URL-encoded", "base64", "hex"


def certificates_alone(value: str) -> bool:
    """Whether it is nothing but certificates, which are public. A bundle of them has thousands of lines, and each text
    would be searched for every one."""
    return value.startswith(_CERTIFICATE[0]) and not _REST.sub("", value).strip()


def forms(value: str) -> dict[str, str]:
    """Every form of `value`, with how it is written: "as it is", "quoted", "URL-encoded", "base64" or "hex"."""
    found: dict[str, str] = {}
    if len(value) < SHORTEST:
        return found
    for piece in (value, *_lines(value)):
        for how, form in (*_texts(piece), *_coded(piece)):
            if len(form) >= (SHORTEST_CODED if how in (BASE64, HEX) else SHORTEST):
                found.setdefault(form, how)
    return found


def _lines(value: str) -> list[str]:
    """The lines of a value, which a log shows one by one; not those that say `-----BEGIN …-----` or the like."""
    lines = [line.strip() for line in value.splitlines()]
    found = [line for line in lines if len(line) >= SHORTEST_LINE and not line.startswith("--")]
    return [*([value.strip()] if value != value.strip() else []), *(found if len(lines) > 1 else [])]


def _texts(value: str) -> Iterator[tuple[str, str]]:
    import html  # noqa: PLC0415 — start-up is part of the product
    import json  # noqa: PLC0415
    from urllib.parse import quote, quote_plus  # noqa: PLC0415

    yield PLAIN, value
    yield QUOTED, json.dumps(value)[1:-1]
    yield QUOTED, json.dumps(value, ensure_ascii=False)[1:-1]
    yield QUOTED, repr(value)[1:-1]
    yield QUOTED, value.replace("'", "'\"'\"'")  # as shlex.quote does
    yield QUOTED, value.replace("'", "''")  # as SQL and YAML do
    yield QUOTED, html.escape(value)
    for text in (quote(value, safe=""), quote(value), quote_plus(value)):
        yield URL, text
        yield URL, _lower_escapes(text)


def _lower_escapes(text: str) -> str:
    """`%2f` for `%2F`: both are allowed (RFC 3986, 2.1)."""
    head, *rest = text.split("%")
    return "%".join([head, *(part[:2].lower() + part[2:] for part in rest)])


def _coded(value: str) -> Iterator[tuple[str, str]]:
    from base64 import b64encode  # noqa: PLC0415

    raw = value.encode(errors="surrogatepass")
    whole = b64encode(raw).decode()
    for text in (whole, whole.rstrip("="), *_inside(raw)):
        yield BASE64, text
        yield BASE64, text.replace("+", "-").replace("/", "_")
    yield HEX, raw.hex()
    yield HEX, raw.hex().upper()


def _inside(raw: bytes) -> Iterator[str]:
    """Base64 of a longer text that has the value inside (`user:value`): what no byte around it can change.

    A character stands for 6 bits, so the value may begin at three places of a group of three bytes.
    """
    from base64 import b64encode  # noqa: PLC0415

    for before, touched in ((0, 0), (1, 2), (2, 3)):
        whole = (before + len(raw)) * 8 // 6  #: characters that hold bits of the value and of those before it alone
        yield b64encode(bytes(before) + raw).decode()[touched:whole]
