"""What a Dockerfile says of the container it makes. Pure."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace

_FROM = re.compile(r"(?:--platform=\S+\s+)?(\S+)(?:\s+as\s+(\S+))?", re.I)
_CHECK = re.compile(r"(?:--\S+\s+)*CMD\s+(.*)", re.I | re.S)
_OPTIONS = re.compile(r"--(interval|timeout|start-period|retries)=(\S+)", re.I)


@dataclass(frozen=True, slots=True)
class Image:
    """The last stage, with what it takes from the stages it is made from."""

    ports: tuple[int, ...] = ()
    command: str = ""  #: as a line; with `sh -c` where a shell runs it
    entrypoint: str = ""
    check: str = ""
    options: tuple[tuple[str, str], ...] = ()  #: of the check: interval, timeout …
    user: str = ""


def read(text: str, target: str = "") -> Image:
    """The image of the stage `target`, or of the last one."""
    stages: dict[str, Image] = {}
    image, name = Image(), ""
    for instruction, rest in _instructions(text):
        if instruction == "FROM":
            if target and name == target.lower():
                return image
            match = _FROM.match(rest)
            image = stages.get(match[1].lower(), Image()) if match else Image()
            name = (match[2] or "").lower() if match else ""
        image = _changed(image, instruction, rest)
        stages[name] = image
    return image


def _instructions(text: str) -> Iterator[tuple[str, str]]:
    """Every instruction with the rest of its line; `\\` at the end goes on, lines of comment are left out."""
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    for line in re.sub(r"\\[ \t]*\n", " ", "\n".join(lines)).splitlines():
        instruction, _, rest = line.strip().partition(" ")
        if instruction:
            yield instruction.upper(), rest.strip()


def _changed(image: Image, instruction: str, rest: str) -> Image:
    if instruction == "EXPOSE":
        found = [int(one) for one in re.findall(r"\b([0-9]{1,5})(?:/tcp)?(?=\s|$)", rest)]
        return replace(image, ports=(*image.ports, *(port for port in found if 0 < port < 65536)))
    if instruction == "CMD":
        return replace(image, command=_line(rest))
    if instruction == "ENTRYPOINT":
        return replace(image, entrypoint=_line(rest), command="")
    if instruction == "USER":
        return replace(image, user=rest)
    if instruction == "HEALTHCHECK":
        match = _CHECK.match(rest)
        options = tuple((name.lower(), value) for name, value in _OPTIONS.findall(rest)) if match else ()
        return replace(image, check=_line(match[1]) if match else "", options=options)
    return image


def _line(text: str) -> str:
    try:
        words = json.loads(text) if text.startswith("[") else ["/bin/sh", "-c", text]
    except ValueError:
        words = ["/bin/sh", "-c", text]
    return shlex.join(str(word) for word in words) if isinstance(words, list) else ""
