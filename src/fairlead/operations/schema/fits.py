"""Whether an old release fits the schema as it is now: what ran since it was live, from the ledger and its files."""

from __future__ import annotations

from collections.abc import Iterable

from fairlead.artifacts.release import Release
from fairlead.errors import Refused
from fairlead.ledger import Entry, Ledger
from fairlead.operations.restored import RESTORED
from fairlead.operations.schema.kept import contract_of, moved
from fairlead.operations.schema.waits import BEGUN, DONE, FAILED
from fairlead.rollout.schema import APPLIED, UNDONE

Name = tuple[str, str]  #: a database, and a file of it as the history has it


def scripts_of(release: Release) -> frozenset[Name]:
    """All files that a release was deployed with."""
    found = set()
    for store, one in moved(release.stack):
        for folder in (one.contract, one.folder):  # a contract folder below the other is known by its path there
            if folder:
                below = (path for path in release.migrations if path.startswith(f"{folder}/"))
                found |= {(f"{store.name}.{one.database}", path.removeprefix(f"{folder}/")) for path in below}
    return frozenset(found)


def contract_scripts(release: Release) -> dict[str, list[str]]:
    """Those of its contract folders, by database."""
    found: dict[str, list[str]] = {}
    for store, one in moved(release.stack):
        paths = contract_of(one, release.migrations)
        inside = one.folder and (one.contract or "").startswith(f"{one.folder}/")
        folder = one.folder if inside else one.contract
        if paths:
            found[f"{store.name}.{one.database}"] = [path.removeprefix(f"{folder}/") for path in paths]
    return found


def newer(ledger: Ledger, release: Release) -> tuple[Name, ...]:
    """What deployments ran before the new release started, and this one does not know."""
    ran: dict[Name, bool] = {}
    for entry in ledger.entries(kinds=[APPLIED, UNDONE, RESTORED]):
        if entry.kind == RESTORED:
            ran = {name: there and _kept(name, entry) for name, there in ran.items()}
        elif not entry.data.get("contract"):
            ran[str(entry.data["database"]), str(entry.data["script"])] = entry.kind == APPLIED
    return _unknown((name for name, there in ran.items() if there), release)


def contracted(ledger: Ledger, release: Release) -> tuple[Name, ...]:
    """Files of contract folders that ran and that it does not know; those too at which somebody was killed."""
    ran: dict[Name, None] = {}
    begun: list[Name] = []
    for entry in ledger.entries(kinds=[APPLIED, BEGUN, DONE, FAILED, RESTORED]):
        if entry.kind == RESTORED:
            ran = {name: None for name in ran if _kept(name, entry)}
            begun = [name for name in begun if _kept(name, entry)]
            continue
        if entry.kind == APPLIED:
            some = [(str(entry.data["database"]), str(entry.data["script"]))] if entry.data.get("contract") else []
            ran |= dict.fromkeys(some)
            continue
        listed = entry.data.get("databases") or {}
        begun = [(database, script) for database, scripts in listed.items() for script in scripts]
        if entry.kind == DONE:
            ran |= dict.fromkeys(begun)
            begun = []
    return _unknown((*ran, *begun), release)


def _kept(name: Name, restored: Entry) -> bool:
    """Whether a restore left it: another database's, or one that had run by the moment that came back."""
    return name[0] != restored.data["database"] or name[1] in restored.data["scripts"]


def _unknown(some: Iterable[Name], release: Release) -> tuple[Name, ...]:
    known = scripts_of(release)
    return tuple(dict.fromkeys(name for name in some if name not in known))


def require(ledger: Ledger, release: Release, environment: str) -> None:
    """Refused where files of a contract folder ran that it does not know: what it needs may be gone."""
    if gone := contracted(ledger, release):
        what = f"release {release.id} was made for a schema that is no longer there: {shown(gone)} ran after it"
        hint = f"deploy what fits instead; or go back all the same: fairlead rollback {environment} --despite-contract"
        raise Refused(what, hint)


def shown(some: tuple[Name, ...]) -> str:
    """For a person."""
    return ", ".join(f"{script} of {database}" for database, script in some)
