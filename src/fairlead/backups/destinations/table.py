"""Where a backup goes, by how its address begins."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from fairlead.backups.destinations.base import Destination
from fairlead.backups.destinations.directory import Directory
from fairlead.backups.destinations.s3 import S3
from fairlead.errors import UsageError
from fairlead.masking import Secret

S3_SCHEME = "s3://"


@dataclass(frozen=True, slots=True)
class Target:
    """What is known of a destination. Keys that are None are looked for as S3's own tools do."""

    to: str
    endpoint: str | None = None
    region: str = "us-east-1"
    access: Secret | None = field(default=None, repr=False)
    secret: Secret | None = field(default=None, repr=False)
    ca: str | None = None  #: file of an authority that is trusted beside the usual ones


def destination_of(target: Target) -> Destination:
    """That of an address. UsageError for one that is none."""
    if target.to.startswith(S3_SCHEME):
        bucket, _, prefix = target.to.removeprefix(S3_SCHEME).strip("/").partition("/")
        return S3(bucket, prefix, target.endpoint, target.region, target.access, target.secret, target.ca)
    if not target.to.startswith("/"):
        raise UsageError(f"{target.to} is no place for backups", "name a folder by its whole path, or s3://BUCKET")
    return Directory(Path(target.to))
