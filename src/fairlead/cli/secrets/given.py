"""A value as a person gives it: at a prompt that does not show it, on standard input or in a file; no argument."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from fairlead.errors import UsageError

LARGEST = 1 << 20  #: bytes


def value(name: str, file: Path | None) -> str:
    """One value. The line break at the end, which `echo` and editors add, is no part of it."""
    if file is None and sys.stdin.isatty():
        found: str = click.prompt(name, hide_input=True, confirmation_prompt=True, err=True)
        return found
    text = content(file)
    return text.removesuffix("\n").removesuffix("\r")


def content(file: Path | None) -> str:
    """All of a file, or of standard input (None or -). UsageError when it cannot be read."""
    where = "standard input" if file is None or str(file) == "-" else str(file)
    try:
        if file is None or str(file) == "-":
            data = sys.stdin.buffer.read(LARGEST + 1)
        else:
            with file.open("rb") as opened:
                data = opened.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise UsageError(f"{where} is larger than {LARGEST >> 20} MB, which no secret is")
        return data.decode()
    except OSError as error:
        raise UsageError(f"{where} cannot be read: {error.strerror}", "name a file that can be read") from None
    except UnicodeDecodeError:
        raise UsageError(f"{where} is not UTF-8", "encode it first: base64 < FILE") from None
