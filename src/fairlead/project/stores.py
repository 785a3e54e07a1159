"""`stores`: the things that keep data."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from fairlead.project import values
from fairlead.project.sections import (
    Anything,
    Duration,
    Flag,
    Line,
    Name,
    OptionalCommandLine,
    OptionalDuration,
    OptionalFlag,
    OptionalInside,
    OptionalLine,
    OptionalName,
    OptionalVariableName,
    Port,
    Section,
    Size,
    VariableName,
    Written,
    choice,
    text_like,
    whole,
)
from fairlead.project.security import Logs, Security
from fairlead.project.services import Resources, ServiceSecret, Volume

_Every = Annotated[
    Literal["hourly", "daily", "weekly", "monthly"] | None, choice("hourly", "daily", "weekly", "monthly")
]
_Kept = Annotated[int, whole(0, 1000)]
_Use = Annotated[Literal["ro", "rw"], choice("ro", "rw")]
_Database = Annotated[str, text_like("a database name such as shop", r"[a-z][a-z0-9_-]{0,62}")]
_Table = Annotated[str, text_like("a table name such as orders", r"[A-Za-z_][A-Za-z0-9_.]{0,126}")]
_Extension = Annotated[str, text_like("an extension such as postgis", r"[A-Za-z][A-Za-z0-9_-]{0,62}")]
_Bucket = Annotated[str, text_like("a bucket such as uploads", r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")]
_Window = Annotated[
    str, text_like("hours such as 02:00-05:00", r"([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]")
]
_Policy = Annotated[
    str,
    choice(
        "noeviction", "allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-lfu",
        "volatile-random", "volatile-ttl",
    ),
]  # fmt: skip
OptionalSchema = Annotated[str | None, text_like("a schema such as public", r"[A-Za-z_][A-Za-z0-9_]{0,62}")]
_Spool = Annotated[int | None, text_like("a size of 64M or more, such as 10G", values.SIZE, values.size_of_a_few)]


class RowSecurity(Section):
    """`rls`: which rows of a table a service sees."""

    using: Line
    to: tuple[Name, ...] = ()


class User(Section):
    """`used_by`: what a service may do in a database, and how much of it."""

    short: ClassVar[str] = "access"
    what: ClassVar[str] = "rw or ro, or a mapping"

    access: _Use
    connections: Annotated[int | None, whole(1, 10_000)] = None
    statement_timeout: Duration = 60.0
    idle_in_transaction: Duration = 60.0
    transaction_timeout: OptionalDuration = None


class Migrate(Section):
    """`migrate`: how the files of `migrations`, or the `migrator`, are run, and where their history is."""

    like: OptionalName = None
    schema_: OptionalSchema = Field(default=None, alias="schema")
    table: _Table = "flyway_schema_history"
    out_of_order: Flag = False
    placeholders: dict[Line, Written] = Field(default_factory=dict)
    lock_timeout: Duration = 0.5
    statement_timeout: Duration = 300.0
    undo_rows: Annotated[Literal["DELETE", "UNDO_SQL"], choice("DELETE", "UNDO_SQL")] = "DELETE"
    rehearse: Annotated[Literal["auto", "always", "risky", "never"], choice("auto", "always", "risky", "never")] = (
        "auto"
    )


class Database(Section):
    """`databases`: one database, who uses it and how its schema moves."""

    used_by: dict[Name, User] = Field(default_factory=dict)
    migrations: OptionalInside = None
    migrator: OptionalCommandLine = None
    migrate: Migrate | None = None
    contract: OptionalInside = None
    rls: dict[_Table, RowSecurity] = Field(default_factory=dict)
    rls_required: Flag = False
    checks: tuple[Line, ...] = ()
    extensions: tuple[_Extension, ...] = ()


class Physical(Section):
    """`backup.physical`: copies of the data files and the log between them."""

    engine: Annotated[Literal["builtin", "pgbackrest"], choice("builtin", "pgbackrest")] = "builtin"
    full: _Every = None
    differential: _Every = None
    wal: Flag = True
    sync: Flag = False
    spool: _Spool = None


class Kept(Section):
    """`backup.keep`: how many of each."""

    daily: _Kept = 7
    weekly: _Kept = 4
    monthly: _Kept = 12


class Keep(Kept):
    """The same of a database, and how far back every second can be had."""

    point_in_time: OptionalDuration = None


class Copies(Section):
    """`backup`: when something is copied, where to and for whom."""

    logical: _Every = None
    to: OptionalLine = None
    endpoint: OptionalLine = None
    region: Line = "us-east-1"
    ca: OptionalLine = None
    access_key: OptionalVariableName = None
    secret_key: OptionalVariableName = None
    recipients: tuple[Line, ...] = ()
    encryption: Annotated[Literal["age", "aes-256-gcm"], choice("age", "aes-256-gcm")] = "age"


class Backup(Copies):
    """`backup` of a store, and for how long it is kept."""

    physical: Physical | None = None
    keep: Keep | None = None


class Drill(Section):
    """`drill`: a restore that is tried and timed."""

    every: Duration
    rto: OptionalDuration = None
    rpo: OptionalDuration = None
    key: OptionalLine = None


class StoreHealth(Section):
    """`health` of a store: how it is asked whether it is well."""

    command: OptionalCommandLine = None
    timeout: Duration = 5.0
    interval: Duration = 1.0
    deadline: Duration = 120.0


class Store(Section):
    """One entry of `stores`."""

    kind: Annotated[Literal["postgres", "redis", "s3", "container"], choice("postgres", "redis", "s3", "container")]
    url: OptionalLine = None
    direct_url: OptionalLine = None
    image: OptionalLine = None
    managed: Flag = True
    databases: dict[_Database, Database] = Field(default_factory=dict)
    backup: Backup | None = None
    drill: Drill | None = None
    max_connections: Annotated[int | None, whole(1, 100_000)] = None
    maxmemory: Size = None
    maxmemory_policy: _Policy = "noeviction"
    queue: OptionalFlag = None
    buckets: tuple[_Bucket, ...] = ()
    encrypted: Flag = False
    tls: Flag = False
    window: _Window = "02:00-05:00"
    preset: Annotated[Literal["clamav", "minio"] | None, choice("clamav", "minio")] = None
    user: OptionalLine = None
    port: Port = None
    health: StoreHealth | None = None
    command: OptionalCommandLine = None
    env: dict[VariableName, Written] = Field(default_factory=dict)
    secrets: tuple[ServiceSecret, ...] = ()
    volumes: tuple[Volume, ...] = ()
    networks: tuple[Name, ...] = ()
    resources: Resources | None = None
    security: Security = Field(default_factory=Security)
    logs: Logs = Field(default_factory=Logs)
    compose: dict[Line, Anything] = Field(default_factory=dict)
    tune: Annotated[Literal["auto", "off"], choice("auto", "off")] = "auto"
