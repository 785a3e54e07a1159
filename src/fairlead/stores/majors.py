"""Major versions of PostgreSQL: one does not read the files of another, so both are looked at before a change."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from fairlead.engine.engine import Engine
from fairlead.engine.failures import EngineError
from fairlead.engine.owner import Owner
from fairlead.project.stack import Store
from fairlead.render.container import ContainerSpec, Mount
from fairlead.render.stores.postgres import DATA, SUPERUSER
from fairlead.stores import programs
from fairlead.system.commands import Command, run

FILE = "PG_VERSION"  #: in a folder of data: the major version that made it
LOOK = 'postgres --version; cat "$0"'
PATIENCE = 60.0  #: seconds
SAID = re.compile(r"\(PostgreSQL\) (?:(9\.\d+)|(\d+))")


def said_major(text: str) -> str:
    """Of what `postgres --version` says, as PG_VERSION has it; empty: it says none."""
    found = SAID.search(text)
    return (found[1] or found[2]) if found else ""


def misfit(store: str, has: str, made: str) -> str:
    """Why a server of one major cannot run on the data of another; empty where one of the two is not known."""
    if not has or not made or has == made:
        return ""
    return f"store {store}: its data is of PostgreSQL {made}, which PostgreSQL {has} does not read"


def contained(engine: Engine, owner: Owner, store: Store, image: str, data: Mount) -> str:
    """Of an image and the volume or folder in which the data is, both looked at from a container without a network.

    Nothing is known of an image that cannot say it, and of a volume that is not there yet.
    """
    if data.kind == "volume" and engine.volume(data.source) is None:
        return ""
    name = owner.name(f"{store.name}.version")
    spec = ContainerSpec(
        name=name, image=image, entrypoint=("sh",), argv=("-c", LOOK, f"{DATA}/{FILE}"), user=SUPERUSER,
        labels=owner.labels("helper", version=store.name), mounts=(replace(data, read_only=True),), restart="no",
    )  # fmt: skip
    engine.remove(name)  # of somebody who was killed
    try:
        engine.start(engine.create(spec))
        engine.wait(name, PATIENCE)
        text = engine.log(name)
    except EngineError:
        return ""
    finally:
        engine.remove(name)
    made = re.search(r"^(9\.\d+|\d+)$", text, re.MULTILINE)
    return misfit(store.name, said_major(text), made[1] if made else "")


def here(store: Store, data: Path) -> str:
    """Of the programs of this machine, and the folder in which the data is."""
    made = of(data)
    program = programs.find("postgres", made)
    if program is None or not made:
        return ""
    said = run(Command((program, "--version"), cwd=Path("/"), timeout=PATIENCE)).output
    return misfit(store.name, said_major(said), made)


def of(data: Path) -> str:
    """The major version that made what is in a folder; empty: none did."""
    try:
        return (data / FILE).read_text().strip()
    except (FileNotFoundError, NotADirectoryError):
        return ""
