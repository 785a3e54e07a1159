"""What a store finds of this machine."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Literal

from fairlead.render.stores.tuning import Machine
from fairlead.system import machine


def machine_of(data: Path | None = None) -> Machine:
    """`data`: the folder of what it keeps; None where that is a volume, of whose disk nothing is known."""
    if data is None:
        return Machine(machine.memory(), machine.cores())
    spinning = machine.spinning(data)
    disk: Literal["ssd", "spinning"] | None = None if spinning is None else "spinning" if spinning else "ssd"
    place = next(one for one in (data, *data.parents) if one.exists())
    return Machine(machine.memory(), machine.cores(), disk, shutil.disk_usage(place).total)
