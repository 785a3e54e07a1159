"""Values that only hold the place of one: what templates and examples are full of, and nobody meant to run with."""

from __future__ import annotations

import re

LONGEST = 1000  #: characters that are looked at; what stands for a value is short

_ACT = r"(?:change|replace|fill|insert|edit)[-_ ]?(?:me|this|it|in)"
_WHOLE = re.compile(
    rf"""
    (?:please[-_ ])?{_ACT}(?:[0-9!]|[-_ ].{{0,200}})?      # changeme, change-me-please
    | your[-_ ].{{1,200}}                                  # your-api-key
    | <[^<>]{{1,200}}> | \[your[^\[\]]{{1,200}}\]          # <password>
    | \{{\{{.{{1,200}}\}}\}} | __[a-z_]{{1,200}}__         # {{ password }}, __PASSWORD__
    | (?:insert|put|enter|add|paste)[-_ ](?:.{{1,100}}[-_ ])?here | replace[-_ ]with[-_ ].{{1,200}}
    | (?:todo|fixme|tbd|placeholder|dummy)(?:[-_: ].{{0,200}})?
    | [-_ ]{{0,8}}x{{3,200}}(?:[-_ .]x{{1,200}}){{0,20}}   # xxx, xxxx-xxxx
    | \.{{3,200}} | …{{1,200}} | \*{{3,200}} | \?{{2,200}}
    """,
    re.X,
)
_INSIDE = re.compile(
    rf"""
    (?:^|[^a-z0-9]){_ACT}(?:[^a-z0-9]|$)                   # postgres://app:changeme@db
    | (?://|@|:)(?:your[-_][a-z]|<[a-z])                   # https://your-domain.com
    | [^x]x{{4,}}$                                         # sk_live_xxxx
    """,
    re.X,
)


def is_placeholder(value: str) -> bool:
    """Whether `value` stands for one that somebody still has to give."""
    text = value.strip()[:LONGEST].lower()
    return bool(_WHOLE.fullmatch(text) or _INSIDE.search(text))
