"""Volumes and ports as Compose's short form writes them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Literal

from fairlead.render.container import Mount, Published

_PROTOCOLS: dict[str, Literal["tcp", "udp", "sctp"]] = {"": "tcp", "tcp": "tcp", "udp": "udp", "sctp": "sctp"}


def mount(text: str, volume: Callable[[str], str], root: str = "/") -> Mount:
    """`name:/path`, `./folder:/path:ro`, or `/path`: a volume named after it, which all would share.

    `volume` turns a name into that of the engine, `root` is the folder that relative paths are in.
    """
    source, _, rest = text.partition(":")
    target, _, flags = rest.partition(":")
    if not target:
        return Mount("volume", volume(source.strip("/").replace("/", "-")), source)
    read_only = "ro" in flags.split(",")
    if source.startswith((".", "/")):
        return Mount("bind", str(PurePosixPath(root) / source), target, read_only)
    return Mount("volume", volume(source), target, read_only)


def own(text: str, item: str) -> str:
    """A volume without a name as one of a service or store alone; any other as it is."""
    if ":" in text or not text.startswith("/") or "${" in text:
        return text
    return f"{item}.{text.strip('/').replace('/', '-')}:{text}"


def is_relative(text: str) -> bool:
    """Whether a volume is a folder beside the project file."""
    source, _, target = text.partition(":")
    return bool(target) and source.startswith(".")


def published(text: str) -> Iterator[Published]:
    """`9000`, `8080:80`, `127.0.0.1:5000-5002:5000-5002/udp`; without a port of the machine it is the same there."""
    ports, _, protocol = text.partition("/")
    outside, _, inside = ports.rpartition(":")
    address, _, outer = outside.rpartition(":")
    inner = _range(inside)
    for port, host_port in zip(inner, _range(outer) if outer else inner, strict=True):
        yield Published(port, host_port, address.strip("[]"), _PROTOCOLS[protocol])


def _range(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)
