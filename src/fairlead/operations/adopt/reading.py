"""The thin edge: files of a folder as text, bounded, and what cannot be read said like everything else."""

from __future__ import annotations

from pathlib import Path

from fairlead.errors import ConfigurationError, Finding
from fairlead.project.loader import LARGEST


class Folder:
    """Reads files by their path from a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __call__(self, path: str) -> str | None:
        """The text; None when there is no such file. ConfigurationError when it cannot be read as text."""
        try:
            with (self.root / path).open("rb") as file:
                data = file.read(LARGEST + 1)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError, ValueError):
            return None
        except OSError as error:
            raise _wrong(path, f"could not be read: {error.strerror}") from None
        if len(data) > LARGEST:
            raise _wrong(path, f"larger than {LARGEST // 1024} KiB")
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise _wrong(path, "not UTF-8; save the file as UTF-8") from None

    def first(self, *names: str) -> str | None:
        """The first of the names that is a file."""
        return next((name for name in names if (self.root / name).is_file()), None)

    def beginning(self, start: str) -> list[str]:
        """Names of the files here that begin so, in order."""
        return sorted(one.name for one in self.root.iterdir() if one.name.startswith(start) and one.is_file())


def _wrong(path: str, message: str) -> ConfigurationError:
    return ConfigurationError([Finding(path, 1, 1, "", message)])
