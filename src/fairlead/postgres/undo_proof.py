"""Whether a U file takes back all that its V file did: judged from looks at a copy before, between and after. Pure.

Lossless is only what was shown to be. A look at a table without rows shows nothing of its values; what nobody wrote
before an undo can be lost by it all the same, once somebody does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any, Literal

from fairlead.postgres.checksum import fingerprint
from fairlead.postgres.contents import Column, Contents, Table
from fairlead.postgres.files import Files, Migration
from fairlead.postgres.risk_rules import table_of
from fairlead.postgres.statements import Statement
from fairlead.postgres.version import Version

MOST_LINES = 3  #: of a difference of schemas that are told


class UndoClass(StrEnum):
    """What an undo costs."""

    LOSSLESS = "lossless"
    LOSSY = "lossy"
    NONE = "none"  #: there is no U file
    UNPROVEN = "unproven"


@dataclass(frozen=True, slots=True)
class Loss:
    """What an undo does not bring back, or takes with it.

    `written`: what somebody writes into a table or column that V makes; as long as nobody did, nothing is lost.
    """

    kind: Literal["values", "written", "type", "changed", "schema", "unseen"]
    table: str  #: quoted, with its schema; empty: none in particular
    column: str
    text: str  #: in words
    rows: int = 0  #: written: that V left in it; of a sequence the number that came next then
    hash: int = 0  #: written: of these rows
    alike: bool = False  #: written: all rows have the value with the hash `left`
    left: int | None = None
    sequence: bool = False  #: `table` is one


_HASHES = ("hash", "left")


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)


def _number(value: str | None) -> int | None:
    return None if value is None else int(value)


@dataclass(frozen=True, slots=True)
class Proof:
    """What is known of one version's undo. `prints` are of what V and U run: of other files it says nothing."""

    database: str  #: as the project calls it, `db.shop`
    version: str
    kind: UndoClass
    losses: tuple[Loss, ...] = ()
    doubts: tuple[str, ...] = ()  #: why nothing is shown
    prints: tuple[str, str] = ("", "")
    source: str = ""  #: of the copy
    at: str = ""  #: when

    @property
    def while_unwritten(self) -> bool:
        """Lossy only once somebody has written into what V made: `written` says whether."""
        return self.kind is UndoClass.LOSSY and not self.doubts and all(one.kind == "written" for one in self.losses)

    @property
    def why(self) -> str:
        """In words; empty where there is nothing to say."""
        return "; ".join((*(one.text for one in self.losses), *self.doubts))

    def to_data(self) -> dict[str, Any]:
        """JSON; a hash has more digits than JSON's readers keep."""
        losses = [asdict(one) | {name: _text(getattr(one, name)) for name in _HASHES} for one in self.losses]
        return asdict(self) | {"kind": self.kind.value, "losses": losses, "doubts": list(self.doubts),
                               "prints": list(self.prints)}  # fmt: skip

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Proof:
        """What `to_data` made. KeyError, TypeError or ValueError for anything else."""
        losses = tuple(Loss(**(one | {name: _number(one[name]) for name in _HASHES})) for one in data["losses"])
        first, second = data["prints"]
        return cls(data["database"], data["version"], UndoClass(data["kind"]), losses, tuple(data["doubts"]),
                   (first, second), data["source"], data["at"])  # fmt: skip


def prints_of(up: Migration, down: Migration | None) -> tuple[str, str]:
    """SHA-256 of what V and U run, placeholders filled in; 64 hex digits each, or none."""
    first, second = (f"{one.options.in_transaction}\n{one.resolved}" if one else "" for one in (up, down))
    return fingerprint(first), fingerprint(second) if second else ""


def proof_of(database: str, version: Version, files: Files, kept: Iterable[Proof]) -> Proof:
    """The class of one version's undo: from the last proof of just these files; without any it is unproven, or none."""
    up = next((one for one in files.versioned if one.version == version), None)
    down = files.undo_of(version)
    if up is None or down is None:
        return Proof(database, str(version), UndoClass.NONE, doubts=(f"there is no U{version}__….sql",))
    prints, found = prints_of(up, down), None
    for one in kept:
        if one.database == database and one.prints == prints:
            found = one
    return found or Proof(database, str(version), UndoClass.UNPROVEN, doubts=("these files were not tried",),
                          prints=prints)  # fmt: skip


def settled(proof: Proof, written: Sequence[Loss]) -> Proof:
    """What it is now: `written` are those of its losses into which somebody has written."""
    if proof.while_unwritten and not written:
        return replace(proof, kind=UndoClass.LOSSLESS)
    return proof


@dataclass(frozen=True, slots=True)
class Looks:
    """A copy before V, between V and U, after U, and after V was run again."""

    before: Contents
    between: Contents
    after: Contents
    again: Contents | None = None


@dataclass(slots=True)
class _Found:
    losses: list[Loss] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


def judged(database: str, up: Migration, down: Migration, looks: Looks) -> Proof:
    """What came of V, U and V again on a copy."""
    found = _Found()
    _brought_back(looks.before, looks.after, found)
    _numbers_back(looks.before, looks.after, found)
    found.losses += _kept_back(looks.before, looks.after)
    found.losses += _taken_along(looks.between, looks.after)
    found.losses += _numbers_taken(looks.between, looks.after)
    found.losses += _changed(down, looks.before)
    found.doubts += _unshown(up, looks)
    kind = UndoClass.LOSSY if found.losses else UndoClass.UNPROVEN if found.doubts else UndoClass.LOSSLESS
    doubts = tuple(dict.fromkeys(found.doubts))
    return Proof(database, str(up.version), kind, tuple(found.losses), doubts, prints_of(up, down))


def failed(database: str, up: Migration, down: Migration | None, why: str) -> Proof:
    """Of one whose V or U could not be run."""
    return Proof(database, str(up.version), UndoClass.UNPROVEN, doubts=(why,), prints=prints_of(up, down))


def doubted(proof: Proof, why: str) -> Proof:
    """The same, with one more reason why nothing is shown."""
    kind = UndoClass.UNPROVEN if proof.kind is UndoClass.LOSSLESS else proof.kind
    return replace(proof, kind=kind, doubts=(*proof.doubts, why))


def _brought_back(before: Contents, after: Contents, found: _Found) -> None:
    for name, was in before.tables.items():
        now = after.tables.get(name)
        if now is None:
            found.losses.append(Loss("values", name, "", f"{name} is gone, and does not come back"))
        else:
            _same_table(was, now, found)
    for name in after.tables.keys() - before.tables.keys():
        found.losses.append(Loss("schema", name, "", f"{name} stays"))
    if before.schema != after.schema:
        found.losses += _schema(before.schema, after.schema)


def _same_table(was: Table, now: Table, found: _Found) -> None:
    if was.id != now.id and was.rows == 0:
        found.doubts.append(f"{was.name} is made anew, and the copy has no rows that would show whether they come back")
    if was.rows != now.rows:
        text = f"{was.name} has {now.rows} rows then, and had {was.rows}"
        found.losses.append(Loss("values", was.name, "", text))
        return
    told = len(found.losses)
    for column in was.columns:
        _same_column(was, column, now, found)
    if told == len(found.losses) and was.hash != now.hash and _names(was) == _names(now):
        found.losses.append(Loss("values", was.name, "", f"values of {was.name} stand in other rows then"))


def _numbers_back(before: Contents, after: Contents, found: _Found) -> None:
    """What a sequence gave it must not give again; that numbers are left out does no harm."""
    for name, was in before.sequences.items():
        now = after.sequences.get(name)
        if now is None and was.owned:
            continue  # it went with its column, of which that is said
        if now is None:
            found.losses.append(Loss("values", name, "", f"sequence {name} is gone, and does not come back"))
        elif now.behind(was):
            text = f"sequence {name} goes back from {was.coming} to {now.coming}, and gives numbers again"
            found.losses.append(Loss("values", name, "", text))
        elif now.id != was.id and not was.owned:
            found.doubts.append(f"sequence {name} is made anew, and nothing shows that it goes on where it was")


def _kept_back(before: Contents, after: Contents) -> Iterator[Loss]:
    """What pg_dump does not say of a schema: what materialized views keep, and large objects."""
    for name, was in before.views.items():
        now = after.views.get(name)
        if was is not None and name in after.views and now != was:
            how = "is not filled again" if now is None else "shows other rows then"
            yield Loss("values", name, "", f"materialized view {name} {how}")
    gone = before.large.keys() - after.large.keys()
    others = [one for one, was in before.large.items() if after.large.get(one, was) != was]
    for some, what in ((gone, "gone, and do not come back"), (others, "others then")):
        if some:
            yield Loss("values", "", "", f"large objects that are {what}: {len(some)}")
    if more := after.large.keys() - before.large.keys():
        yield Loss("schema", "", "", f"large objects that stay: {len(more)}")


def _numbers_taken(between: Contents, after: Contents) -> Iterator[Loss]:
    left = {one.id for one in after.sequences.values()}
    for one in between.sequences.values():
        if one.id not in left and not one.owned:
            text = f"sequence {one.name} goes, and with it how far it was"
            yield Loss("written", one.name, "", text, one.coming, sequence=True)


def _names(table: Table) -> list[str]:
    return [one.name for one in table.columns]


def _same_column(table: Table, was: Column, now: Table, found: _Found) -> None:
    other = now.column(was.name)
    if other is None:
        text = f"column {was.name} of {table.name} is gone, and does not come back"
        found.losses.append(Loss("values", table.name, was.name, text))
    elif (was.hash, was.given) != (other.hash, other.given):
        lost = was.given - other.given
        how = f"lost in {lost} of {table.rows} rows" if lost > 0 else "others then"
        text = f"values of column {was.name} of {table.name} are {how}"
        found.losses.append(Loss("values", table.name, was.name, text))
    elif was.number != other.number and table.id == now.id and was.alike:
        text = f"column {was.name} of {table.name} is made anew, and all its values in the copy are the same"
        found.doubts.append(f"{text}, so nothing shows that they come back")


def _schema(before: Sequence[str], after: Sequence[str]) -> Iterator[Loss]:
    """What pg_dump says that is only on one side; the order of columns too."""
    from difflib import unified_diff  # noqa: PLC0415 — only where there is a difference

    lines = [one for one in unified_diff(before, after, n=0, lineterm="") if one[:3] not in ("---", "+++", "@@ ")]
    more = f" … and {len(lines) - MOST_LINES} lines more" if len(lines) > MOST_LINES else ""
    shown = " | ".join(" ".join(one.split()) for one in lines[:MOST_LINES])
    yield Loss("schema", "", "", f"the schema is not as it was: {shown}{more}")


def _taken_along(between: Contents, after: Contents) -> Iterator[Loss]:
    """What U drops that V made: what is written there meanwhile goes with it."""
    for table in between.tables.values():
        then = after.by_id(table.id)
        if then is None:
            text = f"{table.name} goes, with every row that was written to it since"
            yield Loss("written", table.name, "", text, table.rows, table.hash)
            continue
        for column in table.columns:
            later = then.numbered(column.number)
            if later is None and not column.made:
                yield _dropped(table, column)
            elif later is not None and later.type != column.type:
                text = f"column {column.name} of {table.name} becomes {later.type} again, which may not hold what was"
                yield Loss("type", table.name, column.name, f"{text} written since")


def _dropped(table: Table, column: Column) -> Loss:
    """In a table without rows a default shows nowhere."""
    text = f"column {column.name} of {table.name} goes, with what was written to it since"
    alike = column.alike and (table.rows > 0 or not column.filled)
    return Loss("written", table.name, column.name, text, table.rows, 0, alike, column.left)


_CHANGES = ("UPDATE", "DELETE", "TRUNCATE", "MERGE")
_UNSEEN = ("DO", "CALL", "SELECT", "WITH")


def _changed(down: Migration, before: Contents) -> Iterator[Loss]:
    """Rows that U changes, in tables that V did not make."""
    for statement in down.statements:
        head = statement.words[0] if statement.words else ""
        where = f"{down.shown}:{statement.line}"
        if head in _UNSEEN:
            yield Loss("unseen", "", "", f"{where}: {head} may change what was written since")
        elif head in _CHANGES:
            name = _among(before, table_of(statement))
            if name or head == "MERGE":
                yield Loss("changed", name, "", f"{where}: {head} changes {name or 'rows'}, those written since too")


def _among(some: Contents, table: str) -> str:
    """A table by its name without its schema; empty where there is none."""
    return next((name for name in some.tables if _bare(name) == table), "") if table else ""


def _bare(name: str) -> str:
    last = name.rsplit(".", 1)[-1] if not name.endswith('"') else name[:-1].rsplit('"', 1)[-1]
    return last.replace('""', '"')


def _unshown(up: Migration, looks: Looks) -> Iterator[str]:
    """What V does to tables in which the copy has no rows."""
    for statement in up.statements:
        name = _among(looks.before, table_of(statement))
        if name and looks.before.tables[name].rows == 0 and _touches_values(statement):
            where = f"{up.shown}:{statement.line}"
            yield f"{where}: {name} has no rows in the copy, so nothing shows that its values come back"
    again = looks.again
    if again is not None and again.schema != looks.between.schema:
        yield "V gives another schema when it is run again"


def _touches_values(statement: Statement) -> bool:
    words = statement.words
    if words[:2] == ("ALTER", "TABLE"):
        return "TYPE" in words or "DROP" in words
    return words[:1] in (("UPDATE",), ("DELETE",), ("TRUNCATE",), ("MERGE",))
