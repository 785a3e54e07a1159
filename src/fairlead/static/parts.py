"""What the server runs from, laid out as the root folder of a container: the Python that runs this, its standard
library, the libraries that are loaded, and the server itself. Nothing of it comes from anywhere else.

    fairlead/bin/python3      the interpreter
    fairlead/lib/…            libraries, found by LD_LIBRARY_PATH; the standard library, found by PYTHONHOME
    fairlead/site/…           the packages
    lib64/ld-linux-….so.2     the loader, where the kernel looks for it

Which libraries these are is not guessed: the server is started, and the kernel says what was mapped.
"""

from __future__ import annotations

import hashlib
import os
import platform
import py_compile
import shutil
import struct
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

HOME = "fairlead"  #: the folder in the container
VARIABLES = {
    "PATH": f"/{HOME}/bin",
    "PYTHONHOME": f"/{HOME}",
    "PYTHONPATH": f"/{HOME}/site",
    "LD_LIBRARY_PATH": f"/{HOME}/lib",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUTF8": "1",
}
PACKAGES = ("waitress", "whitenoise")
_UNUSED = frozenset({
    "__pycache__", "distutils", "dist-packages", "ensurepip", "idlelib", "lib-dynload", "lib2to3", "pydoc_data",
    "site-packages", "test", "tests", "tkinter", "turtledemo", "unittest",
})  # fmt: skip
_MAPS = Path("/proc/self/maps")
_INTERPRETER = 3  #: the type of a program header that names the loader (elf.h, PT_INTERP)


def lay_out(root: Path) -> None:
    """Fill the empty folder `root`. OSError; ModuleNotFoundError when the server is not installed."""
    _exercise()
    home, library = root / HOME, Path(sysconfig.get_path("stdlib"))
    program, standard = Path(sys.executable).resolve(), home / sys.platlibdir / library.name
    loaded = tuple(_loaded())
    _copy(program, home / "bin" / "python3")
    _copy_sources(library, standard)
    for path in loaded:
        at = standard / "lib-dynload" if path.parent.name == "lib-dynload" else home / "lib"
        _copy(path, at / path.name)
        _copy_names(path, at)
    if loader := loader_of(program):
        _copy(Path(loader), root / loader.lstrip("/"))
    for name in PACKAGES:
        _copy_sources(Path(str(sys.modules[name].__file__)).parent, home / "site" / name)
    own = Path(__file__).parent
    _copy_sources(own, home / "site" / HOME / own.name)
    _copy(own.parent / "__init__.py", home / "site" / HOME / "__init__.py")
    _compile(((library, standard), *_packages(home)))


def identity() -> str:
    """64 hex digits: of another Python, library, package or loader there is another server. Raises as `lay_out`.

    By content: a library that a distribution mended has often the version that it had.
    """
    _exercise()
    program = Path(sys.executable).resolve()
    loader = loader_of(program)
    found = hashlib.sha256(f"{sys.version} {platform.libc_ver()}".encode())
    for path in (program, *_loaded(), *([Path(loader)] if loader else ()), *_sources()):
        with path.open("rb") as file:
            found.update(hashlib.file_digest(file, "sha256").digest())
    return found.hexdigest()


def _sources() -> Iterator[Path]:
    """The packages' own modules, and those of the server."""
    folders = [Path(str(sys.modules[name].__file__)).parent for name in PACKAGES]
    for folder in (*folders, Path(__file__).parent):
        yield from sorted(folder.rglob("*.py"))


def _exercise() -> None:
    """Have everything imported that serving ever imports: some of it comes with the first socket or request."""
    import encodings.idna  # noqa: F401, PLC0415 — what a socket does with the name of a host

    import waitress  # noqa: PLC0415

    from fairlead.static.serving import Serving  # noqa: F401, PLC0415
    from fairlead.static.site import Site  # noqa: PLC0415

    site = Site(Path(__file__).parent)
    waitress.create_server(site, host="127.0.0.1", port=0).close()
    asked = {"PATH_INFO": f"/{Path(__file__).name}", "REQUEST_METHOD": "GET"}
    for more in ({}, {"HTTP_RANGE": "bytes=0-1"}, {"HTTP_IF_MODIFIED_SINCE": "Thu, 01 Jan 1970 00:00:00 GMT"}):
        list(site(asked | more, lambda *_: None))


def _packages(home: Path) -> Iterator[tuple[Path, Path]]:
    for name in PACKAGES:
        yield Path(str(sys.modules[name].__file__)).parent, home / "site" / name
    yield Path(__file__).parent.parent, home / "site" / HOME


def _loaded() -> Iterator[Path]:
    """The libraries of this process, each once. One that was replaced meanwhile is none to leave out: OSError later."""
    rows = (row.split(maxsplit=5) for row in _MAPS.read_text().splitlines())
    names = {row[5].removesuffix(" (deleted)") for row in rows if len(row) == 6 and row[5].startswith("/")}
    yield from (Path(name) for name in sorted(names) if ".so" in Path(name).name)


def loader_of(program: Path) -> str:
    """Where the kernel looks for the loader of an ELF program of 64 bits; empty when it has none."""
    with program.open("rb") as file:
        head = file.read(64)
        if head[:5] != b"\x7fELF\x02":
            return ""
        order = "<" if head[5] == 1 else ">"
        (table,) = struct.unpack_from(f"{order}Q", head, 32)
        size, count = struct.unpack_from(f"{order}HH", head, 54)
        for number in range(count):
            file.seek(table + number * size)
            kind, _, place, _, _, length = struct.unpack(f"{order}IIQQQQ", file.read(40))
            if kind == _INTERPRETER:
                file.seek(place)
                return file.read(length).rstrip(b"\0").decode()
    return ""


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    shutil.copymode(source, target)


def _copy_names(library: Path, folder: Path) -> None:
    """Other names that it has beside it: a program asks for `libz.so.1`, and that leads to `libz.so.1.2.13`."""
    for other in library.parent.glob(f"{library.name.partition('.so')[0]}.so*"):
        if other.is_symlink() and other.resolve() == library.resolve():
            (folder / other.name).symlink_to(library.name)


def _copy_sources(folder: Path, target: Path) -> None:
    """The modules of a folder, without what nobody imports here."""
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in _UNUSED and not name.startswith("config-")]
        for name in names:
            if name.endswith(".py"):
                _copy(Path(place, name), target / Path(place).relative_to(folder) / name)


def _compile(places: tuple[tuple[Path, Path], ...]) -> None:
    """What is imported at the start, once for all: a container cannot keep what it compiles."""
    files = {str(module.__file__) for module in list(sys.modules.values()) if getattr(module, "__file__", None)}
    for source, target in places:
        for file in sorted(files):
            path = Path(file)
            if path.suffix == ".py" and path.is_relative_to(source) and (target / path.relative_to(source)).is_file():
                _compile_one(target / path.relative_to(source), f"/{target.name}/{path.relative_to(source)}")


def _compile_one(path: Path, said: str) -> None:
    py_compile.compile(
        str(path), dfile=said, doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
    )
