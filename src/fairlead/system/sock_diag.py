"""TCP sockets as the kernel tells them over netlink: what `/proc/net/tcp` says, for a tenth of the work.

The messages are those of the kernel's `linux/netlink.h` and `linux/inet_diag.h`; see sock_diag(7).
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

_SOCK_DIAG = 4  # the netlink family
_BY_FAMILY, _DUMP = 20, 0x301  # a kind of message; NLM_F_REQUEST | NLM_F_DUMP
_ERROR, _DONE = 2, 3  # kinds of message
_STATES = 0xFFFF & ~(1 << 6)  # not TIME_WAIT: nobody has such a socket any more, and a busy machine has thousands
_HEADER = struct.Struct("=IHHII")  # nlmsghdr: length, kind, flags, number, port
_WANTED = struct.Struct("=BBBxI48x")  # inet_diag_req_v2: family, protocol, extensions, states, no single socket
_FOUND = struct.Struct("!xBxxHH16x16s12x")  # inet_diag_msg: state, both ports, the far address; its numbers come later
_INODE = 68  # where it is in inet_diag_msg
_MAPPED = bytes(10) + b"\xff\xff"
_LARGEST = 1 << 16  # bytes: the kernel answers in pieces that are smaller


class Row(NamedTuple):
    """One socket. Ports are local and remote as this end sees them."""

    state: int
    local_port: int
    remote_port: int
    remote: bytes  #: the far end's address, 16 bytes; of IPv4 ::ffff:a.b.c.d
    inode: int


def tcp() -> list[Row]:
    """IPv4 and IPv6, but for those in TIME_WAIT. OSError where the kernel does not say (not Linux, for one)."""
    kind = socket.SOCK_RAW | getattr(socket, "SOCK_CLOEXEC", 0)
    with socket.socket(getattr(socket, "AF_NETLINK", -1), kind, _SOCK_DIAG) as kernel:
        return [*_of(kernel, socket.AF_INET), *_of(kernel, socket.AF_INET6)]


def _of(kernel: socket.socket, family: int) -> Iterator[Row]:
    wanted = _WANTED.pack(family, socket.IPPROTO_TCP, 0, _STATES)
    kernel.send(_HEADER.pack(_HEADER.size + len(wanted), _BY_FAMILY, _DUMP, 0, 0) + wanted)
    for message in _messages(kernel):
        state, local, remote, address = _FOUND.unpack_from(message)
        (inode,) = struct.unpack_from("=I", message, _INODE)
        yield Row(state, local, remote, _MAPPED + address[:4] if family == socket.AF_INET else address, inode)


def _messages(kernel: socket.socket) -> Iterator[bytes]:
    """What each says, to the last; OSError when one is an error."""
    while True:
        data, place = kernel.recv(_LARGEST), 0
        while place < len(data):
            length, kind, *_ = _HEADER.unpack_from(data, place)
            message = data[place + _HEADER.size : place + length]
            if kind in (_ERROR, _DONE):
                _raise_for(message)
                return
            yield message
            place += (length + 3) & ~3


def _raise_for(message: bytes) -> None:
    """An error and the end both begin with a code, which is below 0 when something is wrong."""
    code = struct.unpack_from("=i", message)[0] if len(message) >= 4 else 0
    if code < 0:
        raise OSError(-code, os.strerror(-code))
