"""Any image, run as it is declared."""

from __future__ import annotations

import shlex

from fairlead.project.stack import Store
from fairlead.render.stores.ground import Ground
from fairlead.render.stores.plain import PlainShape, preset
from fairlead.stores.base import Reach, Values
from fairlead.stores.renewal import Reading
from fairlead.system import http

WAIT = 2.0  #: seconds for a connection


class Plain(PlainShape):
    """Nothing is known of it but what the file says."""

    programs: tuple[str, ...] = ()

    def files(self, store: Store, ground: Ground, values: Values) -> dict[str, str]:
        """None of ours."""
        return {}

    def ask(self, store: Store, ground: Ground, reach: Reach) -> str:
        """By its command; else by its port, where this machine reaches that."""
        command = (store.health.command if store.health else None) or preset(store).ask
        if command:
            ran = reach.run(shlex.split(command))
            return "" if ran.code == 0 else f"`{command}` ended with {ran.code}: {ran.output.strip()[-200:]}"
        port, address = store.port or preset(store).port, reach.address()
        if port and address:
            answer = http.connects(port, WAIT, address.host)
            return "" if answer.ok else f"port {port}: {answer.error}"
        return ""

    def settle(self, store: Store, ground: Ground, reach: Reach, values: Values) -> None:
        """Nothing is known of what is in it."""

    def reload(self, ground: Ground, reach: Reach, pem: str) -> Reading:
        """It has no certificate."""
        return "read"
