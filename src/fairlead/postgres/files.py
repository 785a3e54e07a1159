"""The migration files of a database, read: all of them, each with its name, options and checksum."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from fairlead.errors import ConfigurationError, FairleadError, Finding
from fairlead.postgres import placeholders
from fairlead.postgres.checksum import BOM, fingerprint, flyway_checksum
from fairlead.postgres.names import SUFFIX, Kind, Name, read_name
from fairlead.postgres.options import Options, read_options
from fairlead.postgres.statements import LARGEST, Statement, split
from fairlead.postgres.tokens import Lines, SqlError
from fairlead.postgres.version import Version

CONF = ".conf"


@dataclass(frozen=True)
class Migration:
    """One file. `script` is its path below the folder, as the history has it; `shown` the path for a person."""

    name: Name
    script: str
    shown: str
    text: str = field(repr=False)  #: as written, without a byte order mark
    options: Options = field(default_factory=Options)
    values: Mapping[str, str] = field(default_factory=dict, repr=False)  #: of placeholders, names in lower case
    secret: Collection[str] = ()  #: names that placeholders must not use
    contract: bool = False  #: runs only after the old release is gone

    @property
    def kind(self) -> Kind:
        """What the name says it is."""
        return self.name.kind

    @property
    def version(self) -> Version | None:
        """None for what runs again, and for callbacks."""
        return self.name.version

    @property
    def description(self) -> str:
        """The words behind `__`."""
        return self.name.description

    @cached_property
    def checksum(self) -> int:
        """Flyway's: of what runs again after placeholders were replaced, so that a new value runs it again."""
        return flyway_checksum(self.resolved) if self.kind == "repeatable" else self.written_checksum

    @cached_property
    def written_checksum(self) -> int:
        """Of the text as written; the history of what runs again may have this one."""
        return flyway_checksum(self.text)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of what is run."""
        return fingerprint(self.resolved if self.kind == "repeatable" else self.text)

    @cached_property
    def resolved(self) -> str:
        """The text with placeholders replaced. ConfigurationError with the place of one that has no value."""
        if not self.options.replace:
            return self.text
        try:
            return placeholders.expand(self.text, {**self.values, **_own_values(self.script)}, self.secret)
        except SqlError as error:
            raise self.wrong(error, self.text) from None

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """What is run, in order. ConfigurationError with the place where it is not SQL."""
        try:
            return split(self.resolved)
        except SqlError as error:
            raise self.wrong(error, self.resolved) from None

    def wrong(self, error: SqlError, text: str) -> ConfigurationError:
        """A mistake at an offset of this file, as a finding."""
        return ConfigurationError([Finding(self.shown, *Lines(text).place(error.offset), "", error.message)])


def _own_values(script: str) -> dict[str, str]:
    return {"flyway:filename": script.rsplit("/", 1)[-1]}


@dataclass(frozen=True)
class Files:
    """Everything in the folders of one database, in the order in which it runs."""

    versioned: tuple[Migration, ...] = ()
    undo: tuple[Migration, ...] = ()
    baselines: tuple[Migration, ...] = ()
    repeatable: tuple[Migration, ...] = ()
    callbacks: tuple[Migration, ...] = ()

    def undo_of(self, version: Version) -> Migration | None:
        """The U file of a version."""
        return next((one for one in self.undo if one.version == version), None)

    def of(self, event: str) -> tuple[Migration, ...]:
        """The callbacks of an event, by description."""
        return tuple(one for one in self.callbacks if one.name.event == event)


@dataclass(frozen=True, slots=True)
class Folder:
    """Where the files of one database are."""

    path: Path
    shown: str  #: as messages name it
    contract: Path | None = None
    contract_shown: str = ""


def read_files(folder: Folder, values: Mapping[str, str] | None = None, secret: Collection[str] = ()) -> Files:
    """Every migration below a folder. ConfigurationError with every name that is wrong or there twice."""
    given = {key.lower(): value for key, value in (values or {}).items()}
    findings: list[Finding] = []
    found: list[Migration] = []
    for path, script, shown, contract in _paths(folder):
        try:
            name = read_name(path.name)
            text, options = _read(path, shown)
            found.append(Migration(name, script, shown, text, options, given, secret, contract))
        except ValueError as error:
            findings.append(Finding(shown, 1, 1, "", str(error)))
        except ConfigurationError as error:
            findings += error.findings
    findings += _twice(found)
    if findings:
        raise ConfigurationError(findings)
    return _sorted(found)


def _paths(folder: Folder) -> Iterator[tuple[Path, str, str, bool]]:
    """Path, script, path for a person, and whether it is of the contract folder; in a stable order."""
    if not folder.path.is_dir():
        raise ConfigurationError([Finding(folder.shown, 1, 1, "", "there is no such folder of migrations")])
    contract = folder.contract
    for path in _below(folder.path):
        if contract is None or contract not in path.parents:
            script = path.relative_to(folder.path).as_posix()
            yield path, script, f"{folder.shown}/{script}", False
    if contract and contract.is_dir():
        for path in _below(contract):
            below = path.relative_to(contract).as_posix()
            inside = folder.path in path.parents
            script = path.relative_to(folder.path).as_posix() if inside else below
            yield path, script, f"{folder.contract_shown}/{below}", True


def _below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.name.lower().endswith(SUFFIX) and path.is_file())


def _read(path: Path, shown: str) -> tuple[str, Options]:
    try:
        conf = path.with_name(path.name + CONF)
        options = read_options(conf.read_text("utf-8"), shown + CONF) if conf.exists() else Options()
        if path.stat().st_size > 4 * LARGEST:
            raise ValueError(f"{path.name}: larger than {LARGEST >> 20} MB; load data in another way")
        return path.read_bytes().decode(options.encoding).removeprefix(BOM), options
    except UnicodeDecodeError as error:
        raise ValueError(f"{path.name}: byte {error.start + 1} is not {error.encoding}; save it as UTF-8") from None
    except OSError as error:
        raise FairleadError(f"{shown}: cannot be read: {error.strerror}", "check who may read it") from error


def _twice(found: list[Migration]) -> list[Finding]:
    first: dict[tuple[object, ...], Migration] = {}
    findings = []
    for one in found:
        key = (one.kind, one.name.event, one.version if one.version else one.description)
        other = first.setdefault(key, one)
        if other is not one:
            what = f"version {one.version}" if one.version else f'"{one.description}"'
            findings.append(Finding(one.shown, 1, 1, "", f"{what} is that of {other.shown} too; give it another one"))
    return findings


def _sorted(found: list[Migration]) -> Files:
    def of(kind: Kind) -> list[Migration]:
        return [one for one in found if one.kind == kind]

    def versions(kind: Kind) -> tuple[Migration, ...]:
        return tuple(sorted(of(kind), key=lambda one: one.version.parts if one.version else ()))

    def words(kind: Kind) -> tuple[Migration, ...]:
        return tuple(sorted(of(kind), key=lambda one: one.description))

    return Files(versions("versioned"), versions("undo"), versions("baseline"), words("repeatable"), words("callback"))
