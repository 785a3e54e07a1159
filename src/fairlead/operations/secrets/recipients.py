"""Who can open an environment's file: add, remove, and what that does not undo."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from fairlead.errors import Refused, UsageError
from fairlead.operations.secrets import sops_config
from fairlead.operations.secrets.kept import age_file
from fairlead.project.project import Project
from fairlead.secrets.sops.wrapping import recipient


@dataclass(frozen=True, slots=True)
class Whom:
    """Whom the file is for, and which of them is this user."""

    where: str
    recipients: tuple[str, ...]
    mine: tuple[str, ...]
    by_hand: bool = False  #: `.sops.yaml` is kept by hand, and was not changed
    rotate: tuple[str, ...] = ()  #: after a removal: values that were read, and stay readable in git's history


def whom(project: Project, environment: str) -> Whom:
    """Whom the file is for."""
    file = age_file(project, environment)
    return Whom(file.where, file.recipients(), file.keys().recipients)


def add(project: Project, environment: str, given: Collection[str]) -> Whom:
    """Have these open it too, with the same data key. FairleadError for what is no recipient."""
    for one in given:
        recipient(one)
    file = age_file(project, environment)
    file.give(given)
    by_hand = sops_config.refresh(project.root) is None
    return Whom(file.where, file.recipients(), file.keys().recipients, by_hand)


def remove(project: Project, environment: str, given: Collection[str]) -> Whom:
    """Have these open it no more: a new data key, everything encrypted anew.

    UsageError for one that the file is not for; Refused when nobody, or not this user, could open it afterwards.
    """
    file = age_file(project, environment)
    before, mine = file.recipients(), file.keys().recipients
    for one in given:
        if one not in before:
            raise UsageError(f"{file.where} is not for {one}", f"it is for {', '.join(before)}")
    if not set(before) & set(mine) - set(given):
        what = f"without {', '.join(given)} this user could not open {file.where} any more"
        raise Refused(what, "have somebody else who can open it run this")
    rotate = file.take(given)
    by_hand = sops_config.refresh(project.root) is None
    return Whom(file.where, file.recipients(), mine, by_hand, rotate)
