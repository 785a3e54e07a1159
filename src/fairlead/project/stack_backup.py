"""Backups of a store, as a stack has them. Times are seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Every = Literal["hourly", "daily", "weekly", "monthly"]
EngineName = Literal["builtin", "pgbackrest"]
Encryption = Literal["age", "aes-256-gcm"]
"""What copies data files: PostgreSQL's own programs, or pgBackRest."""


@dataclass(frozen=True, slots=True)
class Keep:
    """How many of each, and how far back every second can be had."""

    daily: int = 7
    weekly: int = 4
    monthly: int = 12
    point_in_time: float | None = None


@dataclass(frozen=True, slots=True)
class Physical:
    """Copies of the data files, and the log in between."""

    full: Every | None = None
    differential: Every | None = None
    wal: bool = True  #: the log is kept
    sync: bool = False  #: a commit waits until it is received
    engine: EngineName = "builtin"
    spool: int | None = None  #: bytes of the log that may wait on this machine; None: by what is free


@dataclass(frozen=True, slots=True)
class Quiet:
    """What happens to a service while the files are copied that it writes."""

    service: str
    before: str = ""  #: command in each instance
    after: str = ""
    pause: float | None = None  #: it stands still, for at most so long
    timeout: float = 60.0  #: of a command


@dataclass(frozen=True, slots=True)
class Backup:
    """What is copied, when, where to and for how long."""

    to: str = ""  #: s3://BUCKET/PREFIX, or a folder by its whole path
    logical: Every | None = None
    physical: Physical | None = None
    keep: Keep = field(default_factory=Keep)
    endpoint: str | None = None  #: of an S3 that is not Amazon's
    region: str = "us-east-1"
    ca: str | None = None  #: file of the authority of an S3 that nobody else knows
    access_key: str | None = None  #: name of a secret
    secret_key: str | None = None  #: name of a secret
    recipients: tuple[str, ...] = ()  #: who can read them; empty: whoever reads the environment's secrets
    quiet: Quiet | None = None  #: of a volume
    encryption: Encryption = "age"


@dataclass(frozen=True, slots=True)
class Drill:
    """A restore that is tried and timed."""

    every: float
    rto: float | None = None
    rpo: float | None = None
    key: str | None = None  #: file of the key that it opens backups with; None: the keys of whoever runs it


@dataclass(frozen=True, slots=True)
class Require:
    """What must not be older than so many seconds, for a deployment to begin. None: nothing is asked."""

    backup: float | None = None
    drill: float | None = None
    rehearsal: float | None = None  #: of just the migrations that are pending
