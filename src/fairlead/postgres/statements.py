"""A file of SQL cut into its statements, as psql cuts it.

Each statement goes to the server alone: several in one message are one transaction there, in which
`CREATE INDEX CONCURRENTLY` fails even without a BEGIN.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

from fairlead.postgres.tokens import Lines, SqlError, Token, tokens

LARGEST = 64 << 20  #: characters of one file
_META = re.compile(r"\\(?:restrict|unrestrict)(?:[ \t][^\n\r]*)?(?=[\n\r]|$)")
_META_NAME = re.compile(r"\\[A-Za-z!?.]*")
_LINE_END = re.compile(r"\r\n|\r|\n|$")
_DATA_END = re.compile(r"^\\\.[ \t]*(?:\r\n|\r|\n|\Z)", re.MULTILINE)


@dataclass(frozen=True)
class Statement:
    """One statement. `text` is without its semicolon and without comments before it; line and column count from 1."""

    text: str
    line: int
    column: int
    comments: tuple[str, ...] = ()  #: before and inside of it
    data: str | None = field(default=None, repr=False)  #: the rows of COPY … FROM STDIN, as the server takes them

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """Its tokens without comments."""
        return tuple(token for token in tokens(self.text) if token.kind != "comment")

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Its unquoted words and marks, in upper case; a quoted name or a string is an empty one."""
        return tuple(token.text if token.kind in ("word", "mark", "number") else "" for token in self.tokens)


def split(text: str) -> tuple[Statement, ...]:
    """The statements of a file. SqlError where it is not SQL, with the offset of the place."""
    if len(text) > LARGEST:
        raise SqlError(f"more than {LARGEST >> 20} million characters in one file", 0)
    return tuple(_Splitter(text).run())


class _Splitter:
    """The state of one pass."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = Lines(text)
        self.found: list[Statement] = []
        self._forget()

    def _forget(self) -> None:
        self.start: int | None = None  #: of the statement under way
        self.end = 0
        self.comments: list[str] = []
        self.depth = 0  #: of parentheses: a rule has its statements in them
        self.body = 0  #: of BEGIN ATOMIC … END
        self.heads: list[str] = []  #: its first words
        self.copies = 0  #: words of COPY … FROM STDIN found so far

    def run(self) -> list[Statement]:
        position = len(self.text) if self.text.strip() == "" else 0
        if self.text.startswith("\ufeff"):
            position = 1
        while position < len(self.text):
            position = self._until_restart(position)
        self._close(len(self.text))
        return self.found

    def _until_restart(self, position: int) -> int:
        """Read on until the scanner has to begin anew elsewhere: behind data, or behind a line for psql."""
        for token in tokens(self.text, position):
            if token.kind == "comment":
                self.comments.append(token.text)
            elif token.text == "\\":
                return self._meta(token)
            elif token.text == ";" and self.depth == 0 and self.body == 0:
                copying = self.copies == 2
                if copying:
                    return self._data(token.end)
                self._close(token.start)
            else:
                self._take(token)
        return len(self.text)

    def _take(self, token: Token) -> None:
        if self.start is None:
            self.start = token.start
        self.end = token.end
        if token.kind == "mark":
            self.depth = max(0, self.depth + {"(": 1, ")": -1}.get(token.text, 0))
        elif token.kind == "word":
            self._word(token.text)

    def _word(self, word: str) -> None:
        """Counts BEGIN and END of a body as psql does, and finds COPY … FROM STDIN."""
        if len(self.heads) < 4:
            self.heads.append(word)
        heads = self.heads[3:] if self.heads[1:3] == ["OR", "REPLACE"] else self.heads[1:2]
        if self.heads[0] == "CREATE" and heads[:1] in (["FUNCTION"], ["PROCEDURE"]) and self.depth == 0:
            if word == "BEGIN" or (word == "CASE" and self.body):
                self.body += 1
            elif word == "END" and self.body:
                self.body -= 1
        if self.heads[0] == "COPY" and self.depth == 0 and self.copies < 2:
            self.copies = 1 if word == "FROM" else 2 if word == "STDIN" and self.copies == 1 else 0

    def _close(self, end: int, data: str | None = None) -> None:
        if self.start is not None:
            text = self.text[self.start : min(end, self.end)]
            line, column = self.lines.place(self.start)
            self.found.append(Statement(text, line, column, tuple(self.comments), data))
        self._forget()

    def _data(self, after: int) -> int:
        """The rows that follow a COPY, up to the line `\\.`; the offset behind it."""
        line_end = _LINE_END.search(self.text, after)
        begin = line_end.end() if line_end else len(self.text)
        rest = self.text[after:begin].strip()
        if rest and not rest.startswith("--"):
            raise SqlError("the rows of COPY … FROM STDIN begin on the next line", after)
        end = _DATA_END.search(self.text, begin)
        if end is None:
            raise SqlError(r"the rows of COPY … FROM STDIN do not end; a line \. ends them", self.start or 0)
        data = self.text[begin : end.start()]
        self._close(self.end, data.replace("\r\n", "\n").replace("\r", "\n"))
        return end.end()

    def _meta(self, token: Token) -> int:
        """pg_dump writes `\\restrict` since August 2025; nothing else that only psql understands is passed over."""
        harmless = _META.match(self.text, token.start)
        if harmless and self.start is None:
            return harmless.end()
        name = _META_NAME.match(self.text, token.start)
        what = name.group() if name else "\\"
        raise SqlError(f"{what} is a command of psql, not of PostgreSQL; write it in SQL", token.start)
