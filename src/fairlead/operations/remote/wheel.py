"""The running installation as a wheel, so that a host gets the very same one and nothing has to be published.

The format is that of the binary distribution specification (PEP 427): the package, its metadata, and a RECORD with the
SHA-256 of each file. Times are fixed, so that the same installation is always the same wheel.
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from pathlib import Path

import fairlead
from fairlead.errors import FairleadError

KEPT = ("METADATA", "entry_points.txt")
HEAD = "Wheel-Version: 1.0\nGenerator: fairlead {version}\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
TIME = (2020, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Wheel:
    """`name` is the file's."""

    name: str
    content: bytes

    @property
    def digest(self) -> str:
        """SHA-256, 64 hex digits."""
        return hashlib.sha256(self.content).hexdigest()


def wheel() -> Wheel:
    """Of this installation. FairleadError when it is none that pip made."""
    version = fairlead.__version__
    info = f"fairlead-{version}.dist-info"
    files = dict(_package()) | {f"{info}/{name}": content for name, content in _metadata(version).items()}
    record = "".join(f"{path},sha256={_digest(content)},{len(content)}\n" for path, content in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            entry = zipfile.ZipInfo(path, TIME)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, content)
    return Wheel(f"fairlead-{version}-py3-none-any.whl", made.getvalue())


def _package() -> Iterator[tuple[str, bytes]]:
    root = Path(fairlead.__file__).parent
    for path in sorted(root.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc":
            yield f"fairlead/{path.relative_to(root).as_posix()}", path.read_bytes()


def _metadata(version: str) -> dict[str, bytes]:
    found: Distribution = distribution("fairlead")
    texts = {name: found.read_text(name) for name in KEPT}
    missing = [name for name, text in texts.items() if text is None]
    if missing:
        raise FairleadError(f"this Fairlead has no {missing[0]}, so it cannot be sent", "install it with pip")
    return {name: (text or "").encode() for name, text in texts.items()} | {
        "WHEEL": HEAD.format(version=version).encode()
    }


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
