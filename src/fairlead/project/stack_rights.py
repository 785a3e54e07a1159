"""What a stack says of who may do what in a database. Times are seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Access = Literal["ro", "rw"]


@dataclass(frozen=True, slots=True)
class User:
    """A service that uses a database."""

    service: str
    access: Access
    connections: int | None = None  #: of each of its two roles at most; None: as many as the server has
    statement_timeout: float = 60.0
    idle_in_transaction: float = 60.0  #: how long a transaction may stand open with nothing going on
    transaction_timeout: float | None = None  #: of a whole transaction; of no account before PostgreSQL 17


@dataclass(frozen=True, slots=True)
class RowSecurity:
    """Which rows of a table some services see and write; all others see none."""

    table: str  #: `orders`, or `sales.orders`
    using: str  #: an expression of SQL
    to: tuple[str, ...]  #: services


@dataclass(frozen=True, slots=True)
class Rights:
    """Of one database that names who uses it."""

    database: str
    users: tuple[User, ...]
    rows: tuple[RowSecurity, ...] = ()
    reserved: tuple[str, ...] = ()  #: tables that no service may touch: the history of migrations
    every: bool = False  #: each other table has to have `rows`
