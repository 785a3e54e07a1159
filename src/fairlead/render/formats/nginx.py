"""nginx's configuration, a whole file or a part that another includes, as the words and blocks it is made of."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fairlead.errors import FairleadError
from fairlead.render.formats.base import Event, Malformed, Words, offset_of, raw
from fairlead.render.formats.xml import EXTRA

_SIGNS = ("{", "}", ";")
_END = "fairlead_end"
_FREE = frozenset(("map", "geo", "types", "charset_map", "split_clients", "match"))
"""Blocks in which the first word is no directive."""
DEPTH = 100


class Nginx(Words):
    """The format."""

    name = "nginx configuration"

    def events(self, text: str) -> list[Event]:
        """Every word, and where statements and blocks end."""
        tokens = list(_tokens(text))
        if [token for token, _, _ in tokens[-2:]] != [_END, ";"] or (len(tokens) > 2 and not _ends(tokens[-3])):
            line = tokens[-3][1] if len(tokens) > 2 else 1
            raise Malformed(offset_of(text, line), "a quote or a statement is not closed before the end of the file")
        for _ in _statements(text, tokens[:-2]):
            pass
        return [
            Event("word" if quoted or token not in ("{", "}", ";") else token, token) for token, _, quoted in tokens
        ]

    def check(self, text: str) -> None:
        """Every directive has as many arguments as it takes, and a block where it takes one."""
        for words, end, free in _statements(text, list(_tokens(text))[:-2]):
            if not free and words[0][0] != "if":
                _analyze(text, words, end)

    def escapes(self, kind: str) -> Sequence[Callable[[str], str]]:
        """As it is, or as it has to stand in the one kind of quotes and in the other."""
        return (
            _plain,
            lambda value: _plain(value).replace('"', '\\"'),
            lambda value: _plain(value).replace("'", "\\'"),
        )


def _plain(value: str) -> str:
    """nginx has no way to write a `$` that does not begin one of its own variables."""
    if "$" in value or "\\" in value:
        raise Malformed(0, "nginx has no way to write a $ or a backslash that is meant literally")
    return raw(value)


Token = tuple[str, int, bool]


def _ends(token: Token) -> bool:
    """Whether a statement ends here; a comment is one."""
    text, _, quoted = token
    return not quoted and (text in (";", "}") or text.startswith("#"))


def _tokens(text: str) -> Iterator[Token]:
    try:
        from crossplane.errors import NgxParserBaseException  # noqa: PLC0415 - an extra
        from crossplane.lexer import _balance_braces, _lex_file_object  # noqa: PLC0415
    except ImportError:
        raise FairleadError("nginx files cannot be read: crossplane is not installed", EXTRA) from None
    try:  # its public function reads a file
        yield from _balance_braces(_lex_file_object(io.StringIO(f"{text}\n{_END};\n", newline="")))
    except NgxParserBaseException as error:
        raise Malformed(offset_of(text, error.lineno or 1), error.strerror) from None


def _statements(text: str, tokens: list[Token]) -> Iterator[tuple[list[Token], str, bool]]:
    """Each statement's words, what ends it, and whether its words are free. Malformed where one is not ended."""
    blocks: list[str] = []
    words: list[Token] = []
    for token in tokens:
        value, line, quoted = token
        if value.startswith("#") and not quoted:
            continue
        if quoted or value not in _SIGNS:
            words.append(token)
            continue
        if bool(words) == (value == "}"):
            where = words[0][1] if words else line
            raise Malformed(
                offset_of(text, where), 'a statement is not ended by ";"' if words else f"a {value} too many"
            )
        if words:
            yield words, value, bool(_FREE & set(blocks))
        if value == "{":
            blocks.append(words[0][0])
        elif value == "}":
            blocks.pop()
        words = []


def _analyze(text: str, words: list[Token], end: str) -> None:
    from crossplane.analyzer import analyze  # noqa: PLC0415 - an extra
    from crossplane.errors import NgxParserDirectiveError  # noqa: PLC0415

    (directive, line, _), *rest = words
    statement: dict[str, Any] = {"directive": directive, "line": line, "args": [value for value, _, _ in rest]}
    try:
        analyze(None, statement, end, check_ctx=False)
    except NgxParserDirectiveError as error:
        message = f'"{directive}" must be on or off' if "invalid value" in error.strerror else error.strerror
        raise Malformed(offset_of(text, line), message) from None
