"""What in a text looks like a secret, and what somebody says is one, masked."""

from __future__ import annotations

import re
from collections.abc import Iterable

from fairlead.masking.forms import forms
from fairlead.masking.known import MASK, concealed

NAMES = re.compile(
    r"pass(word|wd|phrase)?($|_)|(^|_)pw($|_)|_pwd($|_)|secret|token|api_?key|credential|private|(^|_)(key|dsn|salt)$",
    re.I,
)
"""Names of variables whose values nobody should read."""

_SHAPES = (
    re.compile(r"(://[^/\s:@]*:)[^/\s@]+(?=@)"),  # the password in an address
    re.compile(r"\b((?:bearer|basic)\s+)[\w.~+/=-]{8,}", re.I),
    re.compile(r"""((?:password|passwd|secret|token|api[_-]?key)["']?\s*[=:]\s*["']?)[^\s"',;]{4,}""", re.I),
)


def masked(text: str, values: Iterable[str] = ()) -> str:
    """`text` without `values` in any of their forms, without those this process knows, and without what looks like one.

    That is `https://user:…@`, `token=…`, `Bearer …`. For text that was written by others: logs, output of programs.
    """
    for form in sorted({form for value in values for form in forms(value)}, key=len, reverse=True):
        text = text.replace(form, MASK)
    text = concealed(text)
    for shape in _SHAPES:
        text = shape.sub(lambda found: found[1] + MASK, text)
    return text
