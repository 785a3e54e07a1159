"""What a Dockerfile runs on the platform it is built for. Pure.

Only that needs a processor of that platform, or something that emulates it: copying and naming do not. Stages that the
wanted one does not need are not built, and `FROM --platform=$BUILDPLATFORM` is built where the builder is. Read as
Docker reads it: continued lines, comments between them, the escape directive, here-documents.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_ESCAPE = re.compile(r"#\s*escape\s*=\s*(\S)\s*", re.IGNORECASE)
_HERE = re.compile(r"<<-?[\"']?([A-Za-z_][A-Za-z0-9_]*)[\"']?")
_FROM = re.compile(r"(?P<flags>(?:--\S+\s+)*)(?P<base>\S+)(?:\s+AS\s+(?P<name>\S+))?\s*", re.IGNORECASE)
_SOURCE = re.compile(r"(?:--from=|[,=\s]from=)([^\s,]+)")


@dataclass(slots=True)
class _Stage:
    name: str
    base: str
    native: bool  #: built where the builder is
    line: int = 0  #: of its FROM
    platform: str = ""  #: that its FROM names, whatever the image is built for
    runs: list[int] = field(default_factory=list)  #: lines
    sources: set[str] = field(default_factory=set)  #: stages that it copies from


def emulated_line(text: str, target: str | None) -> int:
    """The first line that runs a program on the platform that is built for; 0 when none does."""
    stages = list(_stages(text))
    lines = [line for stage in _needed(stages, target) if not stage.native for line in stage.runs]
    return min(lines, default=0)


def fixed_platform(text: str, target: str | None) -> tuple[int, str]:
    """What the wanted stage is made for, whatever it is built for, and the line that says so; (0, "") mostly.

    `$BUILDPLATFORM` comes as it is written: it is the builder's.
    """
    stages = list(_stages(text))
    one = (_called(stages, target) or stages[-1]) if stages else None
    while one and not one.platform and (base := _called(stages, one.base)) and base.line < one.line:
        one = base
    return (one.line, one.platform) if one and one.platform else (0, "")


def _needed(stages: list[_Stage], target: str | None) -> list[_Stage]:
    """The wanted stage and all that it is made of."""
    pending = [_called(stages, target) or stages[-1]] if stages else []
    found: list[_Stage] = []
    while pending:
        one = pending.pop()
        found.append(one)
        others = (_called(stages, name) for name in (one.base, *one.sources))
        pending += [other for other in others if other is not None and other not in found]
    return found


def _called(stages: list[_Stage], name: str | None) -> _Stage | None:
    """By its name, or its number; None where there is none, or it has no name."""
    wanted = (name or "").lower()
    return next((one for number, one in enumerate(stages) if wanted and wanted in (one.name, str(number))), None)


def _stages(text: str) -> Iterator[_Stage]:
    stages: list[_Stage] = []
    for line, word, rest in _instructions(text):
        if word == "FROM":
            if found := _FROM.fullmatch(rest):
                stages.append(_begun(stages, found, line))
        elif stages:
            stages[-1].sources |= {name.lower() for name in _SOURCE.findall(rest)}
            stages[-1].runs += [line] if word == "RUN" else []
    yield from stages


def _begun(before: list[_Stage], found: re.Match[str], line: int) -> _Stage:
    platform = re.search(r"--platform=(\S+)", found["flags"])
    base = next((one for one in before if one.name and one.name == found["base"].lower()), None)
    native = "TARGET" not in platform[1] if platform else base is not None and base.native
    own = platform[1] if platform and ("$" not in platform[1] or "BUILDPLATFORM" in platform[1]) else ""
    return _Stage((found["name"] or "").lower(), found["base"].lower(), native, line, own)


def _instructions(text: str) -> Iterator[tuple[int, str, str]]:
    """Line, word and the rest of each."""
    lines = iter(enumerate(text.splitlines(), 1))
    escape = next((found[1] for found in [_ESCAPE.match(text)] if found), "\\")
    for number, line in lines:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        whole = line.rstrip()
        while whole.endswith(escape) and (more := next(lines, None)):
            if not more[1].lstrip().startswith("#"):
                whole = f"{whole[:-1]} {more[1].strip()}".rstrip()
        word, _, rest = whole.strip().partition(" ")
        for end in _HERE.findall(rest) if word.upper() in ("RUN", "COPY", "ADD") else ():
            while (more := next(lines, None)) and more[1].strip() != end:
                pass
        yield number, word.upper(), rest.strip()
