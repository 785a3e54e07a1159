"""Redis: append-only file and snapshots, a password, a bound on its memory and what it drops then.

Its password is in its configuration and in a file that is the input of `redis-cli`, so that no argument and no
environment has it.
"""

from __future__ import annotations

import shlex

from fairlead.errors import FairleadError
from fairlead.masking import Secret, masked
from fairlead.project.access import password_name
from fairlead.project.stack import Store
from fairlead.render.compose.store import REDIS
from fairlead.stores.base import Reach, Values
from fairlead.stores.kinds.base import Ground

CONF = "redis.conf"


class Redis:
    """A Redis of Fairlead's."""

    port = 6379
    certified = False
    stop_signal = "SIGTERM"
    programs: tuple[str, ...] = ("redis-server", "redis-cli")

    def image(self, store: Store) -> str:
        """The usual one."""
        return REDIS

    def user(self, store: Store) -> str | None:
        """Every image of it has this one."""
        return "redis"

    def keeps(self, store: Store) -> str:
        """As the official image has it."""
        return "/data"

    def files(self, store: Store, ground: Ground, values: Values) -> dict[str, str]:
        """Its configuration, and what is said to it."""
        password = values[password_name(store.name)]
        return {
            CONF: configuration(store, ground, password),
            "ask": f"AUTH {quoted(password.reveal())}\nPING\n",
            "change": f"CONFIG SET requirepass {quoted(password.reveal())}\n",
            "ask.sh": f"#!/bin/sh\nexec {_cli(ground)} < {shlex.quote(ground.conf)}/ask\n",
            "settle.sh": _settle(ground),
        }

    def argv(self, store: Store, ground: Ground) -> tuple[str, ...]:
        """Everything else is in its configuration."""
        return (ground.program("redis-server"), f"{ground.conf}/{CONF}")

    def env(self, store: Store, ground: Ground) -> dict[str, str]:
        """None."""
        return {}

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

    def reload(self, ground: Ground, reach: Reach) -> None:
        """It has no certificate."""


def configuration(store: Store, ground: Ground, password: Secret) -> str:
    """`redis.conf`. A write is on the disk within a second; a snapshot is what a copy is made of."""
    lines = [
        "bind * -::*" if ground.contained else "bind 127.0.0.1",
        f"port {ground.port}",
        "protected-mode yes",
        "daemonize no",
        f"dir {quoted(ground.data)}",
        "appendonly yes",
        "appendfsync everysec",
        "save 3600 1 300 100 60 10000",
        f"requirepass {quoted(password.reveal())}",
        f"maxmemory-policy {store.maxmemory_policy}",
    ]
    lines += [f"maxmemory {store.maxmemory}"] if store.maxmemory else []
    return "\n".join([*lines, ""])


def quoted(text: str) -> str:
    r"""As redis.conf and redis-cli read it: `\xNN` for what is special."""
    raw = text.encode(errors="surrogateescape")
    return '"' + "".join(chr(one) if 32 <= one < 127 and one not in b'"\\' else f"\\x{one:02x}" for one in raw) + '"'


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
