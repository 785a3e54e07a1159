"""A Redis in its container: its configuration, and how it is started with a password that is in a file. Pure."""

from __future__ import annotations

from fairlead.project.access import password_name
from fairlead.project.stack import Store
from fairlead.render.stores.ground import Ground

IMAGE = "redis:8-alpine"
CONF = "redis.conf"


class RedisShape:
    """The container of one."""

    port = 6379
    stop_signal = "SIGTERM"

    def certified(self, store: Store) -> bool:
        """Never."""
        return False

    def image(self, store: Store) -> str:
        """The usual one."""
        return IMAGE

    def user(self, store: Store) -> str | None:
        """Every image of it has this one."""
        return "redis"

    def keeps(self, store: Store) -> str:
        """As the official image has it."""
        return "/data"

    def argv(self, store: Store, ground: Ground) -> tuple[str, ...]:
        """Everything else is in its configuration."""
        if ground.secrets:
            return ("sh", f"{ground.conf}/start.sh")
        return (ground.program("redis-server"), f"{ground.conf}/{CONF}")

    def env(self, store: Store, ground: Ground) -> dict[str, str]:
        """None."""
        return {}


def configuration(store: Store, ground: Ground, password: str = "") -> str:
    """`redis.conf`. A write is on the disk within a second; a snapshot is what a copy is made of.

    `password` as `redis.conf` reads it; empty: it is given otherwise.
    """
    lines = [
        "bind * -::*" if ground.contained else "bind 127.0.0.1",
        f"port {ground.port}",
        "protected-mode yes",
        "daemonize no",
        f"dir {quoted(ground.data)}",
        "appendonly yes",
        "appendfsync everysec",
        "save 3600 1 300 100 60 10000",
        *([f"requirepass {password}"] if password else []),
        f"maxmemory-policy {store.maxmemory_policy}",
    ]
    lines += [f"maxmemory {store.maxmemory}"] if store.maxmemory else []
    return "\n".join([*lines, ""])


def quoted(text: str) -> str:
    r"""As redis.conf and redis-cli read it: `\xNN` for what is special."""
    raw = text.encode(errors="surrogateescape")
    return '"' + "".join(chr(one) if 32 <= one < 127 and one not in b'"\\' else f"\\x{one:02x}" for one in raw) + '"'


def files_beside(store: Store, ground: Ground) -> dict[str, str]:
    """Its configuration where its password lies in a file of its own: put in on the way to its standard input.

    A snapshot without a log of what was written is read only while no log is asked for: so that begins after it.
    """
    shot, log = f"{ground.data}/dump.rdb", f"{ground.data}/appendonly.aof"
    whole = f"{ground.data}/appendonlydir/appendonly.aof.manifest"  # the folder is there before the log is
    password = f"""password=$(sed 's/[\\\\"]/\\\\&/g' {ground.secrets}/{password_name(store.name)})"""
    return {
        CONF: configuration(store, ground),
        "start.sh": f"""#!/bin/sh
set -eu
{password}
log=yes
if [ -e {shot} ] && [ ! -e {log} ] && [ ! -e {whole} ]; then
    log=no
    (until sh {ground.conf}/ask.sh; do sleep 1; done; sh {ground.conf}/log.sh) &
fi
exec redis-server - <<END
$(cat {ground.conf}/{CONF})
requirepass "$password"
appendonly $log
END
""",
        "log.sh": f"""#!/bin/sh
{password}
redis-cli -h 127.0.0.1 -p {ground.port} <<END >/dev/null
AUTH "$password"
CONFIG SET appendonly yes
END
""",
        "ask.sh": f"""#!/bin/sh
{password}
redis-cli -h 127.0.0.1 -p {ground.port} <<END | grep -q PONG
AUTH "$password"
PING
END
""",
    }
