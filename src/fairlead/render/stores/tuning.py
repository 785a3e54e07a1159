"""Settings of a PostgreSQL from what it may use of its machine, each with its reason. Pure.

Where nothing says how much memory is the store's, half of the machine's is: others run beside it. The shares are those
of PostgreSQL's documentation ("Resource Consumption") and of its wiki ("Tuning Your PostgreSQL Server").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from fairlead.project.stack import Store

KB, MB, GB = 1 << 10, 1 << 20, 1 << 30
CONNECTIONS = 100  #: PostgreSQL's own number
FILE = "tuned"
STATEMENTS = "pg_stat_statements"


@dataclass(frozen=True, slots=True)
class Machine:
    """What there is. `memory` and `free` are bytes; None: nobody knows."""

    memory: int | None = None
    cores: float | None = None
    disk: Literal["ssd", "spinning"] | None = None
    room: int | None = None  #: of the disk of its data, used or not


@dataclass(frozen=True, slots=True)
class Setting:
    """One, as PostgreSQL takes it."""

    name: str
    value: str
    why: str


@dataclass(frozen=True, slots=True)
class Share:
    """What of the machine is the store's, and why. Bytes."""

    memory: int | None
    cores: float | None
    why: str


def share_of(store: Store, machine: Machine) -> Share:
    """Its own limits; else half of the memory, and all processors."""
    limits = store.container.resources
    cores = limits.cpu or machine.cores
    if limits.memory:
        return Share(limits.memory, cores, f"it may use {_size(limits.memory)}")
    if machine.memory is None:
        return Share(None, cores, "")
    half = machine.memory // 2
    return Share(half, cores, f"half of the machine's {_size(machine.memory)}, since others run beside it")


def tuned(store: Store, machine: Machine, contained: bool = False) -> tuple[Setting, ...]:
    """All that differ from PostgreSQL's own; none with `tune: off`."""
    if store.tune == "off":
        return ()
    share = share_of(store, machine)
    return (
        *(_of_memory(share, store.max_connections or CONNECTIONS) if share.memory else ()),
        *(_of_cores(share.cores) if share.cores else ()),
        *_of_disk(machine),
        *_always(contained),
    )


def _of_memory(share: Share, connections: int) -> Iterator[Setting]:
    memory = share.memory or 0
    buffers = min(memory // 4, 8 * GB)
    yield Setting("shared_buffers", _size(buffers), f"a quarter of its memory, 8 GB at most: {share.why}")
    yield Setting("effective_cache_size", _size(memory // 4 * 3), "what it and the system keep of its files in memory")
    each = _between(MB, (memory - buffers) // (connections * 3), 64 * MB)
    text = f"of each sort or hash: a third of the rest for each of {connections} connections, 64 MB at most"
    yield Setting("work_mem", _size(each), text)
    keeping = _between(16 * MB, memory // 16, GB)
    yield Setting("maintenance_work_mem", _size(keeping), "a sixteenth of its memory, 1 GB at most, to build indexes")


def _of_cores(cores: float) -> Iterator[Setting]:
    whole = max(1, int(cores))
    yield Setting("max_parallel_workers", str(whole), f"it has {_number(cores)}")
    helpers = str(min(4, whole // 2))
    yield Setting("max_parallel_workers_per_gather", helpers, "half of them for one query, 4 at most")
    yield Setting("max_parallel_maintenance_workers", helpers, "and for one index")


def _of_disk(machine: Machine) -> Iterator[Setting]:
    if machine.disk == "ssd":
        yield Setting("random_page_cost", "1.1", "its disk reads anywhere as quickly as in a row")
    if machine.room:
        log = _between(GB, machine.room // 50, 8 * GB) // MB * MB
        why = "a fiftieth of its disk, 8 GB at most: fewer checkpoints while much is written"
        yield Setting("max_wal_size", _size(log), why)


def _always(contained: bool) -> Iterator[Setting]:
    yield Setting("checkpoint_completion_target", "0.9", "checkpoints write evenly instead of at once")
    yield Setting("track_io_timing", "on", "statistics say what waits for the disk")
    if contained:
        why = "a container has 64 MB of /dev/shm, which queries that run in parallel would fill"
        yield Setting("dynamic_shared_memory_type", "sysv", why)


def preloads(store: Store, contained: bool) -> bool:
    """Whether it is safe to name what is loaded at the start: another image may name something of its own."""
    image = store.container.image
    official = image is None or image.partition(":")[0].rpartition("/")[2] == "postgres"
    return store.tune != "off" and (official or not contained)


def file_of(store: Store, machine: Machine, contained: bool) -> str:
    """What its start reads: a setting in each line."""
    lines = [f"{one.name}={one.value}" for one in tuned(store, machine, contained)]
    lines += [f"shared_preload_libraries={STATEMENTS}"] if preloads(store, contained) else []
    return "".join(f"{line}\n" for line in lines)


IMAGES = '"$(pg_config --pkglibdir 2>/dev/null)" /usr/local/lib/postgresql /usr/lib/postgresql/*/lib'
"""Where images keep libraries."""


def reading(file: str, data: str = '"$PGDATA"', libraries: str = IMAGES) -> str:
    """Shell that adds the lines of a file to what is started. All three are words of shell.

    A library is named only where it is, and where nobody has named another one in the folder `data`.
    """
    return f"""if [ -e {file} ]; then
    while IFS= read -r line; do
        case "$line" in
        shared_preload_libraries=*)
            for folder in {libraries}; do
                grep -qs '^ *shared_preload_libraries' {data}/postgresql*.conf && break
                if [ -e "$folder/{STATEMENTS}.so" ]; then
                    set -- "$@" "--$line"
                    break
                fi
            done
            ;;
        *) set -- "$@" "--$line" ;;
        esac
    done < {file}
fi"""


HAVE = (
    f"DO $$ BEGIN IF current_setting('shared_preload_libraries') LIKE '%{STATEMENTS}%' "
    f"THEN CREATE EXTENSION IF NOT EXISTS {STATEMENTS}; END IF; END $$;"
)
"""SQL, in the superuser's own database."""


def _between(least: int, wanted: int, most: int) -> int:
    return max(least, min(wanted, most))


def _size(number: int) -> str:
    """As PostgreSQL writes it: whole megabytes, or kilobytes below one."""
    if number >= GB and number % GB == 0:
        return f"{number // GB}GB"
    return f"{number // MB}MB" if number >= MB else f"{number // KB}kB"


def _number(cores: float) -> str:
    return f"{cores:g} processor{'' if cores == 1 else 's'}"
