"""TCP as the kernel sees it: who listens, which connections are open. The drain is decided on this, not on a wait."""

from __future__ import annotations

import ipaddress
import os
import socket
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fairlead.system import sock_diag

ESTABLISHED = "01"
LISTEN = "0A"
#: States in which the far end may still have to answer: ESTABLISHED, SYN_SENT, FIN_WAIT1, FIN_WAIT2, CLOSE_WAIT.
OPEN_STATES = frozenset({"01", "02", "04", "05", "08"})
#: The same as the server's end sees it: ESTABLISHED, SYN_RECV, FIN_WAIT1, CLOSE_WAIT, LAST_ACK, CLOSING. What is not
#: acknowledged yet dies with the network namespace of a container.
UNANSWERED = frozenset({"01", "03", "04", "08", "09", "0B"})
#: TIME_WAIT, as a column of the kernel's table. Nobody has such a socket any more, and a busy machine has thousands.
_OVER = " 06 "
#: How addresses of this machine begin: ::ffff:127.0.0.0/104, ::1.
_OWN = (bytes(10) + b"\xff\xff\x7f", bytes(15) + b"\x01")


@dataclass(frozen=True, slots=True)
class Connection:
    """One row of the kernel's table. Ports are local and remote as that end sees them."""

    local_port: int
    remote_port: int
    state: str
    inode: str
    local: bool  #: the far end is this machine, by a loopback address


def connections() -> tuple[Connection, ...]:
    """The TCP sockets of this machine (of this network namespace), IPv4 and IPv6, but for those in TIME_WAIT."""
    try:
        return tuple(map(_connection, sock_diag.tcp()))
    except OSError:  # not in every kernel
        return _listed()


def _connection(row: sock_diag.Row) -> Connection:
    state = f"{row.state:02X}"
    return Connection(row.local_port, row.remote_port, state, str(row.inode), row.remote.startswith(_OWN))


def _listed() -> tuple[Connection, ...]:
    if Path("/proc/net/tcp").exists():
        return tuple(row for name in ("tcp", "tcp6") for row in _table(Path("/proc/net") / name))
    return _netstat()


def _table(path: Path) -> list[Connection]:
    try:
        return rows(path.read_text())
    except FileNotFoundError:  # no IPv6 in this kernel
        return []


def rows(text: str) -> list[Connection]:
    """What `/proc/net/tcp` or `tcp6` says, or both one after the other. What is in TIME_WAIT is left out."""
    found = (line.split() for line in text.splitlines() if ":" in line and _OVER not in line)
    return [Connection(_port(row[1]), _port(row[2]), row[3], row[9], _loopback(row[2])) for row in found]


def connections_inside(pid: int) -> list[Connection]:
    """The same in the network namespace of a process. OSError when this user may not see them."""
    folder = Path("/proc") / str(pid) / "net"
    return [*rows((folder / "tcp").read_text()), *_table(folder / "tcp6")]


def unanswered(port: int, seen: Iterable[Connection]) -> int:
    """How many of these connections clients hold to `port` here, and may still have something to get of."""
    return sum(1 for row in seen if row.local_port == port and row.state in UNANSWERED)


def _loopback(address: str) -> bool:
    """127.0.0.0/8, ::1 or ::ffff:127.0.0.0/104, as the kernel prints them: words of 32 bits, the last byte first."""
    host = address.partition(":")[0]
    mapped = len(host) == 8 or host.startswith("0000000000000000FFFF0000")
    return host == "0" * 24 + "01000000" or (mapped and host.endswith("7F"))


def _port(address: str) -> int:
    return int(address.rpartition(":")[2], 16)


def _netstat() -> tuple[Connection, ...]:
    shown = subprocess.run(["netstat", "-an", "-p", "tcp"], capture_output=True, text=True, check=False).stdout
    rows = (line.split() for line in shown.splitlines() if line.startswith("tcp"))
    states = {"ESTABLISHED": ESTABLISHED, "LISTEN": LISTEN, "CLOSE_WAIT": "08", "FIN_WAIT_1": "04", "FIN_WAIT_2": "05"}
    return tuple(
        Connection(_bsd_port(row[3]), _bsd_port(row[4]), states.get(row[5], "00"), "", _bsd_loopback(row[4]))
        for row in rows
        if len(row) > 5
    )


def _bsd_loopback(address: str) -> bool:
    return address.startswith(("127.", "::1.", "::ffff:127."))


def _bsd_port(address: str) -> int:
    port = address.rpartition(".")[2]
    return int(port) if port.isdigit() else 0


def open_to(*ports: int) -> int:
    """How many connections clients on this machine hold to these ports of it: the edge's, for an instance's port.

    The same port of another host is another thing: an instance may well be a client of one.
    """
    return sum(1 for row in connections() if row.remote_port in ports and row.local and row.state in OPEN_STATES)


@dataclass(frozen=True, slots=True)
class Listener:
    """A TCP socket that takes connections."""

    address: str  #: 0.0.0.0 or :: for all
    port: int
    inode: str


def listeners(pid: int | None = None) -> tuple[Listener, ...]:
    """All that listen on this machine, or in the network namespace of a process; empty where `/proc` is not."""
    folder = Path("/proc") / (str(pid) if pid else "self") / "net"
    found = []
    for name in ("tcp", "tcp6"):
        try:
            lines = (folder / name).read_text().splitlines()[1:]
        except OSError:  # no such process, no IPv6, not Linux
            continue
        rows = (line.split() for line in lines)
        found += [Listener(_address(row[1]), _port(row[1]), row[9]) for row in rows if row[3] == LISTEN]
    return tuple(found)


def _address(text: str) -> str:
    """As people write it. The kernel prints words of 32 bits in the order of the machine's bytes."""
    raw = bytes.fromhex(text.partition(":")[0])
    words = (raw[place : place + 4] for place in range(0, len(raw), 4))
    packed = b"".join(word[::-1] if sys.byteorder == "little" else word for word in words)
    return str(ipaddress.ip_address(packed))


def held_by(pids: Iterable[int]) -> frozenset[str]:
    """The inodes of the sockets that these processes have open."""
    files = (name for pid in pids for name in _open_files(pid))
    return frozenset(name[8:-1] for name in files if name.startswith("socket:["))


def listener_inodes(port: int) -> frozenset[str]:
    """The inodes of the sockets that listen on `port`; empty when nobody does."""
    return frozenset(row.inode for row in connections() if row.local_port == port and row.state == LISTEN)


def listening_ports(pids: Iterable[int]) -> tuple[int, ...]:
    """The ports these processes listen on, ascending; empty where the kernel does not say (not Linux)."""
    if not Path("/proc/self").exists():
        return ()
    listeners = [row for row in connections() if row.state == LISTEN]
    held = {name for pid in pids for name in _open_files(pid)}
    return tuple(sorted({row.local_port for row in listeners if f"socket:[{row.inode}]" in held}))


def holds_socket(pid: int, inodes: frozenset[str]) -> bool:
    """Whether the process has one of the sockets open. Where the kernel does not say (not Linux): True."""
    if not Path("/proc/self").exists():
        return True
    return not _open_files(pid).isdisjoint(f"socket:[{inode}]" for inode in inodes)


def _open_files(pid: int) -> frozenset[str]:
    """What its descriptors lead to, as `/proc` names it; empty when it is gone or another user's."""
    folder = Path("/proc") / str(pid) / "fd"
    try:
        return frozenset(_link(folder / name) for name in os.listdir(folder))  # noqa: PTH208
    except (FileNotFoundError, PermissionError):
        return frozenset()


def _link(path: Path) -> str:
    try:
        return os.readlink(path)  # noqa: PTH115 — a Path would normalise `socket:[1]`
    except OSError:
        return ""


def bindable(port: int, address: str = "127.0.0.1") -> bool:
    """Whether nobody listens on the port now and this user may."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
    except OSError:
        return False
    return True
