"""Begin to keep secrets: a key, a file, git's merge driver, and what Fairlead makes itself."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from fairlead.operations.secrets import sops_config
from fairlead.operations.secrets.ensure import ensure
from fairlead.operations.secrets.git import install_driver
from fairlead.operations.secrets.kept import age_file, kept
from fairlead.project.project import Project
from fairlead.secrets.identities import ensure_own
from fairlead.secrets.sops.wrapping import recipient


@dataclass(frozen=True, slots=True)
class Begun:
    """What was done; empty where it had been done before."""

    where: str
    made: bool  #: the file is new
    recipient: str  #: of this user; empty where the back end has none
    key_file: str  #: that was made now; empty when there was a key before
    recipients: tuple[str, ...]
    others: tuple[str, ...]  #: files beside it that were written or changed
    by_hand: bool  #: `.sops.yaml` is kept by hand
    generated: tuple[str, ...]
    missing: tuple[str, ...]  #: declared names that still have no value


def init(project: Project, environment: str, recipients: Collection[str] = ()) -> Begun:
    """Make what is missing, and leave what is there as it is.

    UsageError for an unknown environment; FairleadError for what is no recipient; Unavailable when the file is there
    and this user cannot open it, or a back end cannot be asked.
    """
    stack = project.outline(environment)
    backend = kept(project, environment)
    file = _file(project, environment, recipients) if stack.secret_backend.kind == "age" else None
    generated = ensure(stack, backend)
    there = backend.names()
    missing = tuple(one.name for one in stack.secrets if one.name not in there and one.required)
    if file is None:
        return Begun(backend.where, False, "", "", (), (), False, generated, missing)
    made, mine, key_file, whom = file
    others = list(install_driver(project.root))
    config = sops_config.refresh(project.root)
    others += [sops_config.NAME] if config else []
    return Begun(
        backend.where, made, mine, str(key_file or ""), whom, tuple(others), config is None, generated, missing
    )  # fmt: skip


def _file(
    project: Project, environment: str, recipients: Collection[str]
) -> tuple[bool, str, Path | None, tuple[str, ...]]:
    """Whether the file is new, my recipient, where a key was made for it, and whom the file is for."""
    for one in recipients:
        recipient(one)
    file = age_file(project, environment)
    mine, key_file = my_recipient(file.keys().recipients)
    made = not file.exists()
    if made:
        file.create(list(dict.fromkeys([mine, *recipients])))
    elif set(recipients) - set(file.recipients()):
        file.give(recipients)
    return made, mine, key_file, file.recipients()


def my_recipient(there: tuple[str, ...]) -> tuple[str, Path | None]:
    """The recipient of the first key there is, or else of one that is made now; and where it was made."""
    if there:
        return there[0], None
    mine, path, made = ensure_own()
    return mine, path if made else None
