"""What is whose: the labels and names of everything that Fairlead makes in an engine."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from fairlead.system.home import Place
from fairlead.system.lock import held_lock

PREFIX = "dev.fairlead."
PATIENCE = 120.0  #: seconds for another one who makes networks
Kind = Literal["instance", "job", "edge", "store", "network", "volume", "helper", "receiver"]


@dataclass(frozen=True, slots=True)
class Owner:
    """One environment of one home. What has not all three of its labels is somebody else's and never touched."""

    home: str  #: 12 hex digits of the folder
    project: str
    environment: str
    folder: Path | None = field(default=None, compare=False, repr=False)  #: its place's, for whom it has one

    @classmethod
    def of(cls, place: Place) -> Owner:
        """The owner of what an environment's place describes."""
        home = hashlib.sha256(str(place.root.parent.parent).encode()).hexdigest()[:12]
        return cls(home, place.project, place.environment, place.root)

    def alone(self) -> contextlib.AbstractContextManager[object]:
        """Be the only one who makes networks of it. Busy."""
        if self.folder is None:
            return contextlib.nullcontext()
        return held_lock(self.folder / "networks.lock", str(os.getpid()), "what makes networks", PATIENCE)

    def labels(self, kind: Kind | None = None, **more: str) -> dict[str, str]:
        """Whose it is, what kind of thing, and `more`; without `kind` those that all of its things have."""
        said = {"home": self.home, "project": self.project, "environment": self.environment}
        said |= ({"kind": kind} if kind else {}) | more
        return {PREFIX + name: value for name, value in said.items()}

    def name(self, *parts: str) -> str:
        """PROJECT-ENVIRONMENT-PARTS."""
        return "-".join((self.project, self.environment, *parts))

    def instance(self, id: str) -> str:
        """PROJECT-ENVIRONMENT-SERVICE-RELEASE-INDEX of RELEASE.SERVICE.INDEX."""
        release, service, index = id.split(".")
        return self.name(service, release, index)

    def owns(self, labels: Mapping[str, str] | None) -> bool:
        """Whether something with these labels is ours."""
        return labels is not None and self.labels().items() <= dict(labels).items()


def label(labels: Mapping[str, str], name: str) -> str:
    """The value of one of our labels; empty when it has none."""
    return labels.get(PREFIX + name, "")
