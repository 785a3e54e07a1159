"""`volumes`: folders that services keep files in, as the file has them."""

from __future__ import annotations

from pydantic import Field

from fairlead.project.sections import OptionalLine, Section
from fairlead.project.stores import Copies, Drill, Kept


class VolumeBackup(Copies):
    """`backup` of a volume: when its files are copied, where to and for how long."""

    keep: Kept = Field(default_factory=Kept)


class Volume(Section):
    """One entry of `volumes`."""

    path: OptionalLine = None
    backup: VolumeBackup | None = None
    drill: Drill | None = None
