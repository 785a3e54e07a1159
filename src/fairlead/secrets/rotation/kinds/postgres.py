"""The password of a service in a database: of two roles one rests, so that none is refused while it is used.

PostgreSQL keeps one password for a role, and a pool that connects anew after a change is refused. So the role that
rests gets the new password, services go over to it, and the one before rests once no session of it is left. The value
says which role it is for (`project/database_roles.py`). Facts it is built on (PostgreSQL 15, tried): a session lives on
when its role may not log in any more, and only new ones are refused.

Who asks the server is put together by whoever rotates: this package knows of no server's roles.
"""

from __future__ import annotations

from fairlead.project.database_roles import turned
from fairlead.project.stack import Rotate
from fairlead.secrets.rotation.kinds.base import RotationKind, skew
from fairlead.secrets.rotation.steps import Step, numbered


def plan(secret: str, rotate: Rotate) -> tuple[Step, ...]:
    """A service that reads its password anew by itself may connect with the old one for a while."""
    lag = skew(rotate.lag)
    waits = (Step("wait", secret, lag, f"services may keep the old password for {rotate.lag:g} s"),)
    return numbered(
        (
            Step("stage", secret),
            Step("accept", secret),
            Step("verify", secret),
            Step("publish", secret),
            Step("store", secret),
            Step("spread", secret),
            *(waits if rotate.reload == "read" else ()),
            Step("drain", secret, lag),
            Step("refuse", secret),
            Step("retire", secret),
        )
    )


POSTGRES = RotationKind(
    plan, longest=lambda rotate: 2 * skew(rotate.lag) if rotate.reload == "read" else 0.0, shape=turned,
    cooling=lambda rotate: skew(rotate.lag) if rotate.reload == "read" else 0.0,
    breaks=lambda rotate: "services that still have the old password are disconnected and refused at once",
)  # fmt: skip
