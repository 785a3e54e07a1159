"""`volumes`: folders that services keep files in, as the file has them."""

from __future__ import annotations

from fairlead.project.sections import OptionalLine, Section
from fairlead.project.stores import Backup, Drill


class Volume(Section):
    """One entry of `volumes`."""

    path: OptionalLine = None
    backup: Backup | None = None
    drill: Drill | None = None
