"""`volumes`: folders that services keep files in, as the file has them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from fairlead.project import values
from fairlead.project.sections import Duration, Name, OptionalCommandLine, OptionalDuration, Section, text_like
from fairlead.project.stores import Copies, Drill, Kept

_FOLDER = text_like("a folder by its whole path such as /srv/uploads", values.FOLDER, values.folder)


class Quiet(Section):
    """`quiet`: what a service does, or stands still for, while the files are copied that it writes."""

    service: Name
    before: OptionalCommandLine = None
    after: OptionalCommandLine = None
    pause: OptionalDuration = None
    timeout: Duration = 60.0


class VolumeBackup(Copies):
    """`backup` of a volume: when its files are copied, where to and for how long."""

    keep: Kept = Field(default_factory=Kept)
    quiet: Quiet | None = None


class Volume(Section):
    """One entry of `volumes`."""

    path: Annotated[str | None, _FOLDER] = None
    backup: VolumeBackup | None = None
    drill: Drill | None = None
