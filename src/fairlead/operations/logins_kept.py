"""Who we are to the registry of a project, for whoever has no project file: a rollback, `up` and the keeper.

What a release needs is fetched again when somebody has removed it. So the login of the last deployment lies in one file
that only this user reads, as what services are handed does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fairlead.masking import Secret
from fairlead.system.files import read_json, write_json
from fairlead.system.home import Place

if TYPE_CHECKING:
    from fairlead.engine.login import Login


def keep_logins(place: Place, logins: Mapping[str, Login]) -> None:
    """Replace what is kept."""
    if not logins:
        place.registry.unlink(missing_ok=True)
        return
    rows = [{"domain": one.domain, "user": one.user, "password": one.password.reveal()} for one in logins.values()]
    write_json(place.registry, {"logins": rows}, 0o600)


def kept_logins(place: Place) -> dict[str, Login]:
    """Those of the last deployment, by registry; none where it named nobody. FairleadError when the file is damaged."""
    from fairlead.engine.login import Login  # noqa: PLC0415 — only where there is an engine

    rows = (read_json(place.registry) or {}).get("logins", [])
    return {one["domain"]: Login(one["domain"], one["user"], Secret(one["password"])) for one in rows}
