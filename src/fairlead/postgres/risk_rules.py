"""The rules of `risks`, one row each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from fairlead.postgres.statements import Statement
from fairlead.postgres.traits import qualified

_VOLATILE = frozenset({"RANDOM", "GEN_RANDOM_UUID", "UUID_GENERATE_V4", "CLOCK_TIMESTAMP", "TIMEOFDAY", "NEXTVAL"})
_CONSTRAINTS = (("CONSTRAINT",), ("CHECK",), ("FOREIGN",), ("UNIQUE",), ("PRIMARY",), ("EXCLUDE",))
_DROPPED_PARTS = frozenset({"CONSTRAINT", "NOT", "DEFAULT", "EXPRESSION", "IDENTITY"})
_SERIAL = frozenset({"SERIAL", "BIGSERIAL", "SMALLSERIAL"})


def has(statement: Statement, *run: str) -> bool:
    """Whether these words stand in it, one behind the other."""
    words, size = statement.words, len(run)
    return any(words[at : at + size] == run for at in range(len(words) - size + 1))


def table_of(statement: Statement) -> str:
    """The table that a statement changes, without its schema; empty where there is none."""
    words = statement.words
    if words[:2] in (("ALTER", "TABLE"), ("DROP", "TABLE"), ("LOCK", "TABLE"), ("TRUNCATE", "TABLE")):
        return _named(statement, 2)
    if words[:2] in (("INSERT", "INTO"), ("DELETE", "FROM")):
        return _named(statement, 2)
    if words[:1] in (("UPDATE",), ("TRUNCATE",), ("CLUSTER",)):
        return _named(statement, 1)
    if words[:1] == ("CREATE",) and "INDEX" in words[1:3] and "ON" in words:
        return _named(statement, words.index("ON") + 1)
    return ""


def _named(statement: Statement, at: int) -> str:
    words = statement.words
    while words[at : at + 1] in (("IF",), ("NOT",), ("EXISTS",), ("ONLY",)):
        at += 1
    return qualified(statement, at)[1]


def creates(statement: Statement) -> Iterator[str]:
    """The table that it creates."""
    words = statement.words
    if words[:1] == ("CREATE",) and "TABLE" in words[1:4]:
        yield _named(statement, words.index("TABLE") + 1)


def _begins(*run: str) -> Callable[[Statement], bool]:
    return lambda statement: statement.words[: len(run)] == run


def _alters(*run: str, without: tuple[str, ...] = ()) -> Callable[[Statement], bool]:
    return lambda one: one.words[:2] == ("ALTER", "TABLE") and has(one, *run) and not (without and has(one, *without))


def _without_where(statement: Statement) -> bool:
    head = statement.words[:1] == ("UPDATE",) or statement.words[:2] == ("DELETE", "FROM")
    return head and "WHERE" not in statement.words


def _adds_required(statement: Statement) -> bool:
    for part in _added(statement):
        column = part.words[1:2] not in _CONSTRAINTS
        if column and has(part, "NOT", "NULL") and not {"DEFAULT", "GENERATED"} & set(part.words):
            return True
    return False


def _drops_column(statement: Statement) -> bool:
    """The word COLUMN may be left out."""
    words = statement.words
    drops = [words[at + 1] for at, word in enumerate(words[:-1]) if word == "DROP"]
    return words[:2] == ("ALTER", "TABLE") and any(word not in _DROPPED_PARTS for word in drops)


def _added(statement: Statement) -> Iterator[Statement]:
    """Each `ADD COLUMN …` of an ALTER TABLE, as a statement of its own."""
    if statement.words[:2] != ("ALTER", "TABLE"):
        return
    depth, start = 0, None
    for token in statement.tokens:
        depth += {"(": 1, ")": -1}.get(token.text, 0) if token.kind == "mark" else 0
        if depth == 0 and token.text in (",", "ADD") and token.kind in ("mark", "word"):
            if start is not None:
                yield Statement(statement.text[start : token.start], 1, 1)
            start = token.start if token.text == "ADD" else None
    if start is not None:
        yield Statement(statement.text[start:], 1, 1)


def _adds_rewriting(statement: Statement) -> bool:
    for part in _added(statement):
        words = set(part.words)
        if (
            ("DEFAULT" in words and words & _VOLATILE)
            or words & _SERIAL
            or ("STORED" in words and "GENERATED" in words)
        ):
            return True
    return False


def _adds_constraint(*run: str, without: tuple[str, ...]) -> Callable[[Statement], bool]:
    def found(statement: Statement) -> bool:
        return any(has(part, *run) and not has(part, *without) for part in _added(statement))

    return found


def _plain_index(statement: Statement) -> bool:
    words = statement.words
    return words[:1] == ("CREATE",) and "INDEX" in words[1:3] and "CONCURRENTLY" not in words[:4]


def _not_concurrent(*run: str) -> Callable[[Statement], bool]:
    return lambda one: one.words[: len(run)] == run and "CONCURRENTLY" not in one.words


def _unsafe_definer(statement: Statement) -> bool:
    return has(statement, "SECURITY", "DEFINER") and not has(statement, "SET", "SEARCH_PATH")


def _dynamic(statement: Statement) -> bool:
    return statement.words[:1] == ("DO",) and any(
        "EXECUTE" in token.text.upper() for token in statement.tokens if token.kind == "string"
    )


def _takes_role(statement: Statement) -> bool:
    return statement.words[:2] in (("SET", "ROLE"), ("SET", "SESSION")) and (
        "ROLE" in statement.words or "AUTHORIZATION" in statement.words
    )


def _sees_all(statement: Statement) -> bool:
    return statement.words[1:2] == ("POLICY",) and has(statement, "USING", "(", "TRUE", ")")


@dataclass(frozen=True, slots=True)
class Rule:
    """What is looked for, how bad it is, why, and the better way. `spares_new`: not in tables that are new."""

    name: str
    severity: Literal["error", "warning", "note"]
    found: Callable[[Statement], bool]
    message: str
    advice: str
    spares_new: bool = True


RULES = (
    Rule("copy-program", "error", lambda one: one.words[:1] == ("COPY",) and has(one, "PROGRAM"),
         "COPY … PROGRAM runs a command on the database's machine", "load the data from here", False),
    Rule("alter-system", "error", _begins("ALTER", "SYSTEM"),
         "ALTER SYSTEM changes the whole server", "set it where the server is set up", False),
    Rule("grant-to-public", "error", lambda one: one.words[:1] == ("GRANT",) and has(one, "TO", "PUBLIC"),
         "everybody who can connect gets it", "grant it to a role", False),
    Rule("row-security-off", "error", _alters("DISABLE", "ROW", "LEVEL", "SECURITY"),
         "every row is seen by everybody who may read the table", "change the policies instead"),
    Rule("policy-for-all", "warning", _sees_all, "a policy USING (true) lets every row pass", "say which rows", False),
    Rule("drop-policy", "warning", _begins("DROP", "POLICY"),
         "without its policies a table shows no rows, or all of them", "make the new policy first", False),
    Rule("where-is-missing", "warning", _without_where, "every row is changed or deleted", "say which rows: WHERE …"),
    Rule("truncate", "warning", _begins("TRUNCATE"), "every row is deleted, under the strongest lock",
         "delete in batches, or drop the table once nobody uses it"),
    Rule("drop-table", "warning", _begins("DROP", "TABLE"),
         "the release that still runs may use it, and its rows are gone", "drop it in the contract folder"),
    Rule("drop-column", "warning", _drops_column,
         "the release that still runs may use it, and its values are gone", "drop it in the contract folder"),
    Rule("drop-schema", "warning", _begins("DROP", "SCHEMA"),
         "everything in it is gone", "drop it table by table", False),
    Rule("cascade", "warning", lambda one: one.words[:1] == ("DROP",) and one.words[-1:] == ("CASCADE",),
         "CASCADE drops what is not named here too", "name what is to go"),
    Rule("rename-table", "warning", _alters("RENAME", "TO"),
         "the release that still runs knows the old name only", "make a view of the old name, or a new table"),
    Rule("rename-column", "warning", lambda one: _alters("RENAME")(one) and not has(one, "RENAME", "TO")
         and not has(one, "RENAME", "CONSTRAINT"),
         "the release that still runs knows the old name only", "add a column, fill it, drop the old one later"),
    Rule("change-type", "warning", lambda one: _alters("TYPE")(one) and has(one, "ALTER"),
         "most changes of a type rewrite the table while nobody can read it", "add a column, fill it, switch"),
    Rule("set-not-null", "warning", _alters("SET", "NOT", "NULL"),
         "the table is read while nobody can use it", "add CHECK (x IS NOT NULL) NOT VALID, validate it, then this"),
    Rule("required-column", "warning", _adds_required,
         "it fails where there are rows, and the release that still runs does not fill it", "give it a DEFAULT"),
    Rule("rewrite", "warning", _adds_rewriting,
         "the table is rewritten while nobody can read it", "add it without a default, fill it in batches"),
    Rule("index-locks", "warning", _plain_index,
         "nobody can write to the table while the index is built", "CREATE INDEX CONCURRENTLY, in a file of its own"),
    Rule("drop-index-locks", "warning", _not_concurrent("DROP", "INDEX"),
         "it waits for everybody on the table, and everybody waits for it", "DROP INDEX CONCURRENTLY", False),
    Rule("reindex-locks", "warning", _not_concurrent("REINDEX"),
         "nobody can write to the table meanwhile", "REINDEX … CONCURRENTLY", False),
    Rule("refresh-locks", "warning", _not_concurrent("REFRESH", "MATERIALIZED", "VIEW"),
         "nobody can read it meanwhile", "REFRESH MATERIALIZED VIEW CONCURRENTLY, with a unique index", False),
    Rule("foreign-key-locks", "warning", _adds_constraint("REFERENCES", without=("NOT", "VALID")),
         "both tables are locked while all rows are checked", "add it NOT VALID, and VALIDATE it in the next file"),
    Rule("check-locks", "warning", _adds_constraint("CHECK", without=("NOT", "VALID")),
         "the table is locked while all rows are checked", "add it NOT VALID, and VALIDATE it in the next file"),
    Rule("unique-locks", "warning", lambda one: _adds_constraint("UNIQUE", without=("USING", "INDEX"))(one)
         or _adds_constraint("PRIMARY", "KEY", without=("USING", "INDEX"))(one),
         "the table is locked while its index is built", "CREATE UNIQUE INDEX CONCURRENTLY, then ADD … USING INDEX"),
    Rule("lock-table", "warning", _begins("LOCK"), "others wait until the end of the file", "leave it out"),
    Rule("vacuum-full", "warning", lambda one: one.words[:1] == ("VACUUM",) and "FULL" in one.words,
         "the table is rewritten while nobody can use it", "plain VACUUM", False),
    Rule("cluster", "warning", _begins("CLUSTER"),
         "the table is rewritten while nobody can use it", "leave it out", False),
    Rule("takes-role", "warning", _takes_role,
         "what is made belongs to another role than all else", "let the user of the url own it", False),
    Rule("change-owner", "warning", lambda one: one.words[:1] == ("ALTER",) and has(one, "OWNER", "TO"),
         "what belongs to another role cannot be migrated by this one", "let the user of the url own it", False),
    Rule("definer-path", "warning", _unsafe_definer,
         "whoever calls it can have it use other tables by search_path", "SET search_path = … in the function", False),
    Rule("extension", "note", _begins("CREATE", "EXTENSION"),
         "it has to be installed on the server, and mostly needs a superuser", "have it made with the database", False),
    Rule("dynamic", "note", _dynamic, "what EXECUTE does inside of DO is not seen here", "look at it by hand", False),
)  # fmt: skip
