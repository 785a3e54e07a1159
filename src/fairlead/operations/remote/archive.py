"""The files that a host lacks, as a stream of tar."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from fairlead.errors import FairleadError
from fairlead.hosts.wire import Malformed
from fairlead.operations.remote.manifest import Item
from fairlead.system.files import explained

READ = 1 << 20  #: bytes
AROUND = 4096  #: bytes of tar around a file: headers of a long name, and padding
END = 64 << 10  #: bytes that end the stream


class _Out(io.RawIOBase):
    """A file that is written by calling a function."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        block = bytes(data)  # type: ignore[call-overload]
        if block:
            self._send(block)
        return len(block)


class _In(io.RawIOBase):
    """A file that is read from chunks."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._rest = chunks, b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while size < 0 or len(self._rest) < size:
            more = next(self._chunks, None)
            if more is None:
                break
            self._rest += more
        cut = len(self._rest) if size < 0 else size
        data, self._rest = self._rest[:cut], self._rest[cut:]
        return data


def longest(items: Iterable[Item]) -> int:
    """Bytes that a stream of these files can have at most."""
    return END + sum(one.size + AROUND + 2 * len(one.path.encode(errors="replace")) for one in items)


def pack(base: Path, items: Iterable[Item], send: Callable[[bytes], None]) -> None:
    """Send these files of the folder `base`. FairleadError when one is no longer what was hashed."""
    with tarfile.open(mode="w|", fileobj=_Out(send), format=tarfile.PAX_FORMAT) as archive:
        for item in items:
            info = tarfile.TarInfo(item.path)
            info.size, info.mode = item.size, item.mode
            try:
                with (base / item.path).open("rb") as file:
                    if os.fstat(file.fileno()).st_size != item.size:
                        raise _changed(item)
                    archive.addfile(info, file)
            except OSError as error:
                raise _changed(item) from error
    send(b"")


def _changed(item: Item) -> FairleadError:
    return FairleadError(f"{item.path}: the file changed while it was being sent", "run the command again")


def unpack(chunks: Iterator[bytes], wanted: Mapping[str, Item], target: Path) -> None:
    """Have the `wanted` files in the folder `target`, and nothing else of what came. Malformed for all else in it."""
    left = dict(wanted)
    try:
        with tarfile.open(mode="r|", fileobj=_In(chunks)) as archive:
            for member in archive:
                _take(archive, member, left, target)
    except (tarfile.TarError, ValueError) as error:  # some headers are numbers to it before it has looked at them
        raise Malformed(f"an archive that is none: {error}") from None
    for _ in chunks:  # what fills the last block
        pass
    if left:
        raise Malformed(f"an archive without {next(iter(left))!r}, which was asked for")


def _take(archive: tarfile.TarFile, member: tarfile.TarInfo, left: dict[str, Item], target: Path) -> None:
    if member.name.startswith("/") or ".." in member.name.split("/"):
        raise Malformed(f"an archive with a path that leads outside: {member.name!r}")
    if not member.isreg() or member.issparse():  # a sparse one is made of a few bytes, and fills a disk
        raise Malformed(f"an archive with {member.name!r}, which is no plain file")
    item = left.pop(member.name, None)
    if item is None:
        raise Malformed(f"an archive with {member.name!r}, which nobody asked for")
    if member.size != item.size:
        raise Malformed(f"{member.name!r} has another size than was said")
    content = archive.extractfile(member)
    if content is None:
        raise Malformed(f"an archive with {member.name!r}, which cannot be read")
    write_item(item, iter(lambda: content.read(READ), b""), target)


def write_item(item: Item, blocks: Iterator[bytes], target: Path) -> None:
    """Write a file whole, or not at all. Malformed when its content is not what its name says."""
    path = target / item.path
    temp = path.with_name(f".{path.name[:200]}.{os.getpid()}.tmp")
    content = hashlib.sha256()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb") as file:
            for block in blocks:
                content.update(block)
                file.write(block)
        if content.hexdigest() != item.content:
            raise Malformed(f"{item.path!r} has another content than was said")
        dress(temp, item)
        temp.replace(path)
    except OSError as error:
        raise explained(error, path) from error
    finally:
        temp.unlink(missing_ok=True)


def dress(path: Path, item: Item) -> None:
    """Its mode and its time."""
    path.chmod(item.mode | 0o400)
    os.utime(path, ns=(item.changed, item.changed))
