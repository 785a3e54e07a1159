"""Redis: append-only file and snapshots, a password, a bound on its memory and what it drops then.

Its password is in its configuration and in a file that is the input of `redis-cli`, so that no argument and no
environment has it.
"""

from __future__ import annotations

import shlex

from fairlead.errors import FairleadError
from fairlead.masking import masked
from fairlead.project.access import password_name
from fairlead.project.stack import Store
from fairlead.render.stores.ground import Ground
from fairlead.render.stores.redis import CONF, RedisShape, configuration, quoted
from fairlead.stores.base import Reach, Values
from fairlead.stores.renewal import Reading


class Redis(RedisShape):
    """A Redis of Fairlead's."""

    programs: tuple[str, ...] = ("redis-server", "redis-cli")

    def files(self, store: Store, ground: Ground, values: Values) -> dict[str, str]:
        """Its configuration, and what is said to it."""
        password = values[password_name(store.name)]
        return {
            CONF: configuration(store, ground, quoted(password.reveal())),
            "ask": f"AUTH {quoted(password.reveal())}\nPING\n",
            "change": f"CONFIG SET requirepass {quoted(password.reveal())}\n",
            "ask.sh": f"#!/bin/sh\nexec {_cli(ground)} < {shlex.quote(ground.conf)}/ask\n",
            "settle.sh": _settle(ground),
        }

    def ask(self, store: Store, ground: Ground, reach: Reach) -> str:
        """With its password; one that has another one now is told apart by `settle`."""
        ran = reach.run(("sh", f"{ground.conf}/ask.sh"))
        said = ran.output.strip()
        return "" if "PONG" in said or "WRONGPASS" in said else said[-200:] or f"redis-cli ended with {ran.code}"

    def settle(self, store: Store, ground: Ground, reach: Reach, values: Values) -> None:
        """Have it take the password that is declared now, with the one it had before where that is another."""
        ran = reach.run(("sh", f"{ground.conf}/settle.sh"))
        if "PONG" not in ran.output:
            what = f"store {store.name}: Redis refuses its password: {masked(ran.output).strip()[-200:]}"
            raise FairleadError(what, f"set {password_name(store.name)} to the one it has")

    def reload(self, ground: Ground, reach: Reach, pem: str) -> Reading:
        """It has no certificate."""
        return "read"


def _cli(ground: Ground) -> str:
    return f"{shlex.quote(ground.program('redis-cli'))} -h 127.0.0.1 -p {ground.port}"


def _settle(ground: Ground) -> str:
    """With the password; where that is refused, with the one before, and the new one is set."""
    conf, cli = shlex.quote(ground.conf), _cli(ground)
    return f"""#!/bin/sh
answer=$({cli} < {conf}/ask)
case "$answer" in
*PONG*) echo "$answer" ;;
*) [ ! -e {conf}/ask.before ] || {{ head -n 1 {conf}/ask.before; cat {conf}/change {conf}/ask; }} | {cli} ;;
esac
"""
