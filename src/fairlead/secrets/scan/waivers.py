"""What people say is no leak: a comment in the line, in the words of detect-secrets, or a list of files."""

from __future__ import annotations

import re

HERE = re.compile(r"pragma: ?(allow|white)list[ -]secret")
NEXT = re.compile(r"^\s*\W{0,4}\s*pragma: ?allowlist[ -]nextline[ -]secret")
FILE = ".secrets-scan-ignore"  #: files that are not scanned, by the rules of .gitignore


def is_waived(line: str, before: str) -> bool:
    """Whether a comment in this line, or one alone in the line before, says that it holds no secret."""
    return bool(HERE.search(line) or NEXT.search(before))
