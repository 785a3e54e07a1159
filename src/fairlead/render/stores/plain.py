"""Any image, run as it is declared. Presets say what is usual for some. Pure."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from fairlead.project.stack import Store
from fairlead.render.stores.ground import Ground


@dataclass(frozen=True, slots=True)
class Preset:
    """What is usual for an image."""

    image: str
    port: int
    keeps: str
    command: str = ""  #: how it is started; empty: as the image says
    ask: str = ""  #: a command in it that ends with 0 when it is well
    user: str | None = None
    tmpfs: tuple[str, ...] = ()  #: folders in memory beside the usual ones


PRESETS = {
    "clamav": Preset(
        "clamav/clamav:1.4", 3310, "/var/lib/clamav", ask="clamdcheck.sh", user="clamav", tmpfs=("/var/log/clamav",)
    ),
    "minio": Preset("minio/minio:RELEASE.2025-04-22T22-12-26Z", 9000, "/data", "server /data"),
}
NONE = Preset("", 0, "")


def preset(store: Store) -> Preset:
    """That of a store; one that says nothing when it has none."""
    return PRESETS.get(store.preset or "", NONE)


class PlainShape:
    """Nothing is known of it but what the file says."""

    port = 0
    stop_signal = "SIGTERM"

    def certified(self, store: Store) -> bool:
        """Never."""
        return False

    def image(self, store: Store) -> str:
        """That of the preset."""
        return preset(store).image

    def user(self, store: Store) -> str | None:
        """As the image says, or the preset."""
        return preset(store).user

    def keeps(self, store: Store) -> str:
        """As the preset says."""
        return preset(store).keeps

    def argv(self, store: Store, ground: Ground) -> tuple[str, ...]:
        """As the file says, or the preset."""
        return tuple(shlex.split(store.command or preset(store).command))

    def env(self, store: Store, ground: Ground) -> dict[str, str]:
        """None of ours."""
        return {}
