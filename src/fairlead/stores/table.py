"""What runs stores, by runtime. What is heavy is imported when it is chosen."""

from __future__ import annotations

from fairlead.errors import FairleadError
from fairlead.project.stack import RuntimeName
from fairlead.stores.base import Stores
from fairlead.system.home import Place


def stores_of(runtime: RuntimeName, place: Place) -> Stores:
    """That of an environment. FairleadError for a runtime that has none yet."""
    if runtime == "process":
        from fairlead.stores.process import ProcessStores  # noqa: PLC0415 — start-up time

        return ProcessStores(place)
    if runtime == "docker":
        from fairlead.stores.docker import DockerStores  # noqa: PLC0415 — start-up time

        return DockerStores(place)
    raise FairleadError(f"stores on {runtime} are not built yet", "use the url of one that somebody else runs")
