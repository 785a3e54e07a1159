"""The files that move the schemas of a stack: read to be kept with a release, and found again there."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from fairlead.artifacts.files import folder_name
from fairlead.artifacts.release import Release
from fairlead.errors import ConfigurationError, FairleadError, Finding
from fairlead.project.stack import Migrations, Stack, Store

ENDS = (".sql", ".sql.conf")


def migration_files(stack: Stack, root: Path) -> dict[str, bytes]:
    """All of them, by their path below the project's folder.

    ConfigurationError for a folder that there is not, FairleadError for a file that cannot be read.
    """
    found: dict[str, bytes] = {}
    for _, one in moved(stack):
        for folder in (one.folder, one.contract):
            if folder:
                found |= {path.relative_to(root).as_posix(): _read(path) for path in _below(root, folder, one)}
    return found


def moved(stack: Stack) -> Iterator[tuple[Store, Migrations]]:
    """The databases whose schema moves, in the order of the file."""
    for store in stack.stores:
        if store.kind == "postgres":
            yield from ((store, one) for one in store.migrations if one.folder or one.migrator)


def _below(root: Path, folder: str, one: Migrations) -> list[Path]:
    if not (root / folder).is_dir():
        if folder == one.contract:
            return []
        raise ConfigurationError([Finding(folder, 1, 1, "", "there is no such folder of migrations")])
    return sorted(path for path in (root / folder).rglob("*") if path.name.lower().endswith(ENDS) and path.is_file())


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FairleadError(f"{path}: cannot be read: {error.strerror}", "check who may read it") from error


def base_of(release: Release, migrations: Path) -> Path:
    """The folder that the files of a release lie below. `migrations`: that of all of them."""
    return migrations / folder_name(release.migrations)


def has_files(one: Migrations, paths: Collection[str]) -> bool:
    """Whether any of these moves that database."""
    return any(path.startswith(f"{folder}/") for folder in (one.folder, one.contract) if folder for path in paths)


def contract_of(one: Migrations, paths: Collection[str]) -> tuple[str, ...]:
    """Of these the SQL files that wait for the old release to go."""
    folder = one.contract
    return tuple(path for path in paths if folder and path.startswith(f"{folder}/") and path.endswith(".sql"))
