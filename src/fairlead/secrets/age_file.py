"""The back end `age`: one file per environment beside the project file, in git, in the format of SOPS.

Every write is a read, a splice and an atomic replacement under one lock, so two writers never lose each other's values
and whatever fails leaves the file as it was.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from fairlead.errors import Busy, FairleadError
from fairlead.masking import Secret
from fairlead.secrets.base import Unavailable
from fairlead.secrets.identities import Keys, keys
from fairlead.secrets.sops.document import Document, parse
from fairlead.secrets.sops.file import Opened, changed, open_document
from fairlead.secrets.sops.recipients import created, rekeyed, rewrapped
from fairlead.system.files import write_file
from fairlead.system.lock import held_folder

FOLDER = "secrets"


class AgeFile:
    """The file of one environment. Keys are looked for in `environ`, by default this process's own."""

    def __init__(self, path: Path, environment: str, environ: Mapping[str, str] | None = None) -> None:
        self.path = path
        self.environment = environment
        self._environ = environ

    @property
    def where(self) -> str:
        """The file, relative to the working directory where it lies below it."""
        with suppress(ValueError):
            return str(self.path.relative_to(Path.cwd()))
        return str(self.path)

    def exists(self) -> bool:
        """Whether there is a file."""
        return self.path.exists()

    def document(self) -> Document:
        """The file as it is, without decrypting anything. Unavailable when it is missing or damaged."""
        with _unavailable():
            return parse(self._text(), self.where)

    def keys(self) -> Keys:
        """The keys of this user. Unavailable for a file of keys that cannot be used."""
        with _unavailable():
            return keys(self._environ)

    def open(self) -> Opened:
        """The file, decrypted and checked. Unavailable when it cannot be."""
        found = self.keys()
        document = self.document()
        with _unavailable():
            return open_document(document, found.identities, found.hint().replace("ENV", self.environment))

    def names(self) -> tuple[str, ...]:
        """Without decrypting anything."""
        return tuple(sorted(self.document().leaves))

    def get(self, names: Collection[str]) -> dict[str, Secret]:
        """Those that there are."""
        with _unavailable():
            values = self.open().values
        return {name: Secret(values[name]) for name in names if name in values}

    def set(self, values: Mapping[str, Secret]) -> None:
        """All or none."""
        self.update({name: value.reveal() for name, value in values.items()})

    def add(self, values: Mapping[str, Secret]) -> tuple[str, ...]:
        """Looked at and written under one lock, so of two that make a secret at once only one does."""
        missing: list[str] = []

        def added(opened: Opened) -> str:
            missing[:] = [name for name in values if name not in opened.document.leaves]
            return changed(opened, {name: values[name].reveal() for name in missing})

        self.rewrite(added)
        return tuple(missing)

    def delete(self, names: Collection[str]) -> None:
        """All or none."""
        there = self.document().leaves
        if any(name in there for name in names):
            self.update({name: None for name in names if name in there})

    def update(self, changes: Mapping[str, str | None]) -> None:
        """New values; None takes one out. Unavailable."""
        self.rewrite(lambda opened: changed(opened, changes))

    def create(self, recipients: Collection[str], values: Mapping[str, str] | None = None) -> None:
        """A new file for these recipients. Unavailable when it cannot be written; one that is there stays."""
        with _unavailable():
            text = created(values or {}, list(recipients), self.where)
            _make_folder(self.path.parent)
            with held_folder(self.path.parent, self.where):
                if not self.path.exists():
                    write_file(self.path, text)

    def recipients(self) -> tuple[str, ...]:
        """Who can open it."""
        return self.document().metadata.recipients

    def give(self, recipients: Collection[str]) -> None:
        """Have these open it too. Unavailable."""
        self.rewrite(lambda opened: rewrapped(opened, [*opened.document.metadata.recipients, *recipients]))

    def take(self, recipients: Collection[str]) -> tuple[str, ...]:
        """Have these open it no more: a new data key for the others. Unavailable.

        The names whose values they could read until now, and still can in the history of git.
        """
        read: list[str] = []

        def without(opened: Opened) -> str:
            read[:] = list(opened.plain)
            return rekeyed(opened, [one for one in opened.document.metadata.recipients if one not in recipients])

        self.rewrite(without)
        return tuple(read)

    def rewrite(self, edit: Callable[[Opened], str]) -> None:
        """Read it, have it edited, put the result in its place. Unavailable; then it is as it was."""
        with _unavailable():
            self._text()  # a file that is missing is said before a folder that is
            with held_folder(self.path.parent, self.where):
                opened = self.open()
                text = edit(opened)
                if text != opened.document.text:
                    write_file(self.path.resolve(), text, stat.S_IMODE(self.path.stat().st_mode))

    def _text(self) -> str:
        try:
            return self.path.read_bytes().decode()
        except FileNotFoundError:
            hint = f"make it: fairlead secrets init {self.environment}"
            raise Unavailable(f"there is no file {self.where}", hint) from None
        except UnicodeDecodeError:
            hint = f"put it back from git: git checkout -- {self.where}"
            raise Unavailable(f"{self.where} is no text", hint) from None
        except OSError as error:
            raise Unavailable(f"{self.where} cannot be read: {error.strerror}", "see who may: ls -l") from None


def file_of(root: Path, environment: str) -> Path:
    """Where an environment's file is: `secrets/ENV.yaml` beside the project file, or the ENV.json that sops made."""
    usual = root / FOLDER / f"{environment}.yaml"
    other = usual.with_suffix(".json")
    return other if other.exists() and not usual.exists() else usual


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"{folder} cannot be made: {error.strerror}", "make it, or say where you may write") from None


@contextmanager
def _unavailable() -> Iterator[None]:
    """Whatever is wrong with the file or the keys, as the protocol has it."""
    try:
        yield
    except (Unavailable, Busy):
        raise
    except FairleadError as error:
        raise Unavailable(error.message, error.hint) from error
    except OSError as error:
        raise Unavailable(f"{error.filename or 'the file'} cannot be written: {error.strerror}") from error
