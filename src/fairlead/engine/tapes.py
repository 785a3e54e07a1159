"""Files of a container as a tape (tar), by the engine's own hands: no program of the container is needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fairlead.engine.engine import Engine
from fairlead.engine.failures import explained


def read_out(engine: Engine, name: str, folder: str) -> Iterator[bytes]:
    """All that is in a folder of a container, piece by piece, with owners, modes and links."""
    with explained(f"read {folder} of container {name}"):
        pieces, _ = engine.api.get_archive(name, f"{folder}/.")
        yield from pieces


def put_in(engine: Engine, name: str, folder: str, pieces: Iterable[bytes]) -> None:
    """Unpack a tape, compressed by gzip or not, into a folder that is there."""
    with explained(f"write into {folder} of container {name}"):
        engine.api.put_archive(name, folder, iter(pieces))
