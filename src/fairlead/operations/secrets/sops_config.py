"""`.sops.yaml`, by which `sops` itself knows whom a file is for. Only one that Fairlead wrote is written again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from fairlead.errors import FairleadError
from fairlead.secrets.age_file import FOLDER
from fairlead.secrets.sops.document import parse
from fairlead.system.files import write_file

NAME = ".sops.yaml"
HEAD = "# Written by `fairlead secrets`, for those who use sops as well. Take this line out to keep it by hand.\n"


def text(recipients: Mapping[str, tuple[str, ...]]) -> str:
    """The file for these environments: whom the file of each is for."""
    rules = "".join(
        f"  - path_regex: {FOLDER}/{re.escape(environment)}\\.yaml$\n    age: {','.join(whom)}\n"
        for environment, whom in sorted(recipients.items())
    )
    return f"{HEAD}creation_rules:\n{rules}"


def refresh(root: Path) -> bool | None:
    """Write it anew from the files there are. Whether it changed; None when somebody keeps it by hand."""
    path = root / NAME
    before = path.read_bytes().decode(errors="replace") if path.exists() else None
    if before is not None and not before.startswith(HEAD):
        return None
    found = {file.stem: whom for file in sorted((root / FOLDER).glob("*.yaml")) if (whom := _recipients(file))}
    wanted = text(found)
    if wanted == before or not found:
        return False
    write_file(path, wanted)
    return True


def _recipients(path: Path) -> tuple[str, ...]:
    try:
        return parse(path.read_text(), str(path)).metadata.recipients
    except (FairleadError, UnicodeDecodeError):  # damaged ones are the business of the command that reads them
        return ()
