"""Files as a tape (tar, in the format of pax, compressed by gzip): owners, modes and links are kept.

Not kept: extended attributes and ACLs, sockets and devices. Holes of a file are zeros in it, which gzip makes small.
A file that changes, grows or goes while it is read is no reason to have no backup: it is named.
"""

from __future__ import annotations

import os
import posixpath
import stat
import tarfile
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from fairlead.backups.physical.unpacking import Push, pulled
from fairlead.backups.sealing import Pieces
from fairlead.backups.spot import SIDE
from fairlead.errors import FairleadError

PIECE = 1 << 20
NAMED = 20  #: names of what changed that are kept
BLOCK = tarfile.BLOCKSIZE
END = bytes(2 * BLOCK)


@dataclass
class Told:
    """What is on a tape."""

    files: int = 0  #: regular ones, and further names of them
    bytes: int = 0  #: of them
    changed: list[str] = field(default_factory=list)  #: while they were read
    gone: list[str] = field(default_factory=list)  #: between they were seen and read
    skipped: list[str] = field(default_factory=list)  #: sockets and devices

    def add(self, member: tarfile.TarInfo) -> None:
        """It is on it."""
        if member.isreg() or member.islnk():
            self.files += 1
            self.bytes += member.size if member.isreg() else 0

    def to_data(self) -> dict[str, Any]:
        """JSON."""
        named = {"changed": self.changed[:NAMED], "gone": self.gone[:NAMED], "skipped": self.skipped[:NAMED]}
        return {"files": self.files, "bytes": self.bytes} | {key: names for key, names in named.items() if names}


def packed(root: Path, told: Told) -> Iterator[bytes]:
    """A folder with all that is below it. FairleadError for what may not be read."""
    links: dict[tuple[int, int], str] = {}
    for path, name in _walked(root):
        try:
            yield from _member(path, name, told, links)
        except FileNotFoundError:
            told.gone.append(name)
        except OSError as error:
            raise FairleadError(f"{path}: {error.strerror}", "let who runs Fairlead read it") from error
    yield END


def _walked(root: Path) -> Iterator[tuple[Path, str]]:
    """Each before what is below it, sorted; links are not followed."""
    yield root, "."
    waiting = [(root, ".")]
    while waiting:
        folder, name = waiting.pop()
        for entry in _entries(folder):
            one = (Path(entry.path), f"{name}/{entry.name}")
            yield one
            if entry.is_dir(follow_symlinks=False):
                waiting.append(one)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return sorted((one for one in found if one.name != SIDE), key=lambda one: one.name)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise FairleadError(f"{folder}: {error.strerror}", "let who runs Fairlead read it") from error


def _member(path: Path, name: str, told: Told, links: dict[tuple[int, int], str]) -> Iterator[bytes]:
    kind = stat.S_IFMT(os.lstat(path).st_mode)
    if kind == stat.S_IFREG:
        yield from _file(path, name, told, links)
    elif kind in (stat.S_IFDIR, stat.S_IFLNK):
        yield _header(_info(path, name, os.lstat(path)))
    else:
        told.skipped.append(name)


def _info(path: Path, name: str, seen: os.stat_result) -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.mode, found.mtime, found.uid, found.gid = stat.S_IMODE(seen.st_mode), seen.st_mtime, seen.st_uid, seen.st_gid
    if stat.S_ISDIR(seen.st_mode):
        found.type = tarfile.DIRTYPE
    elif stat.S_ISLNK(seen.st_mode):
        found.type, found.linkname = tarfile.SYMTYPE, str(path.readlink())
    return found


def _file(path: Path, name: str, told: Told, links: dict[tuple[int, int], str]) -> Iterator[bytes]:
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb", buffering=0) as file:
        seen = os.fstat(file.fileno())
        if not stat.S_ISREG(seen.st_mode):  # another one took its name
            told.changed.append(name)
            return
        info, key = _info(path, name, seen), (seen.st_dev, seen.st_ino)
        if seen.st_nlink > 1 and key in links:
            info.type, info.linkname = tarfile.LNKTYPE, links[key]
        else:
            info.size, links[key] = seen.st_size, name
        told.add(info)
        yield _header(info)
        if info.isreg():
            whole = yield from _content(file, info.size)
            now = os.fstat(file.fileno())
            if not whole or (now.st_size, now.st_mtime_ns) != (seen.st_size, seen.st_mtime_ns):
                told.changed.append(name)


def _content(file: IO[bytes], size: int) -> Generator[bytes, None, bool]:
    """As many bytes as its header says, zeros for those that are not there any more; whether all were."""
    left = size
    while left and (piece := file.read(min(PIECE, left))):
        left -= len(piece)
        yield piece
    whole = not left
    while left:
        yield bytes(min(left, PIECE))
        left -= min(left, PIECE)
    yield bytes(-size % BLOCK)
    return whole


def _header(info: tarfile.TarInfo) -> bytes:
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def passed_on(pieces: Iterable[bytes], told: Told) -> Iterator[bytes]:
    """Somebody else's tape, without what lies beside the data. FairleadError where it was cut short."""
    source: Any = Pieces(iter(pieces))
    try:
        with tarfile.open(fileobj=source, mode="r|", encoding="utf-8", errors="surrogateescape") as tape:
            for member in tape:
                member.name = _named(member.name)
                member.linkname = _named(member.linkname) if member.islnk() else member.linkname
                if member.name.split("/")[1:2] != [SIDE]:
                    yield from _again(tape, member, told)
    except tarfile.TarError as error:
        what = f"the files of the volume could not be read to the end: {error}"
        raise FairleadError(what, "a file got shorter meanwhile: make the backup again when less is written") from error
    yield END


def _named(name: str) -> str:
    """As our own tapes have it: `.`, `./deep/one`."""
    plain = posixpath.normpath(name.lstrip("/"))
    return plain if plain == "." else f"./{plain}"


def _again(tape: tarfile.TarFile, member: tarfile.TarInfo, told: Told) -> Iterator[bytes]:
    if not (member.isreg() or member.isdir() or member.issym() or member.islnk()):
        told.skipped.append(member.name)
        return
    member.pax_headers = {}
    told.add(member)
    yield _header(member)
    file = tape.extractfile(member) if member.isreg() else None
    if file:
        yield from iter(lambda: file.read(PIECE), b"")
        yield bytes(-member.size % BLOCK)


def compressed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """By gzip, lightly: most of what takes room is compressed already."""
    squeeze = zlib.compressobj(1, zlib.DEFLATED, 31)
    for piece in pieces:
        if out := squeeze.compress(piece):
            yield out
    yield squeeze.flush()


def unpacked(push: Push, to: Path, told: Told) -> None:
    """Have all of it below `to`. Damaged; FairleadError for a name that leads out of it. Whatever `push` raises."""
    with pulled(push, "the files") as source, _opened(source) as tape:
        tape.extractall(to, filter=_kept(told), numeric_owner=True)  # noqa: S202 — the filter lets nothing out


def _opened(source: IO[bytes]) -> tarfile.TarFile:
    return tarfile.open(fileobj=source, mode="r|gz", encoding="utf-8", errors="surrogateescape")


def _kept(told: Told) -> Callable[[tarfile.TarInfo, str], tarfile.TarInfo]:
    """Owners and modes as they were, but nothing that runs as its owner; nothing outside the folder."""

    def kept(member: tarfile.TarInfo, path: str) -> tarfile.TarInfo:
        safe = tarfile.tar_filter(member, path)
        told.add(member)
        mode = member.mode & (0o3777 if member.isdir() else 0o777)
        owned = os.geteuid() == 0
        own = {"uid": member.uid, "gid": member.gid} if owned else {"uid": None, "gid": None}
        return safe.replace(mode=mode, uname=None, gname=None, deep=False, **own)  # type: ignore[arg-type]

    return kept


def looked_at(push: Push, told: Told) -> Told:
    """Read all of it, and count. Damaged."""
    with pulled(push, "the files") as source, _opened(source) as tape:
        for member in tape:
            told.add(member)
    return told


def counted(root: Path) -> Told:
    """What is below a folder, counted as on a tape: the bytes of a file that has several names once."""
    told, seen = Told(), set[tuple[int, int]]()
    for path, _ in _walked(root):
        one = os.lstat(path)
        if stat.S_ISREG(one.st_mode):
            told.files += 1
            told.bytes += one.st_size if (one.st_dev, one.st_ino) not in seen else 0
            seen.add((one.st_dev, one.st_ino))
    return told
