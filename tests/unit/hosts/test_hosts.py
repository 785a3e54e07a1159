"""Addresses, what ssh is called with, why it fails, and the wire."""

import os
import threading

import pytest

from fairlead.errors import UsageError
from fairlead.hosts.address import Address, parse
from fairlead.hosts.base import Absent, ConnectionLost, Unreachable
from fairlead.hosts.failure import explained
from fairlead.hosts.ssh import SshHost
from fairlead.hosts.table import host_of
from fairlead.hosts.wire import LONGEST_LINE, Ended, Malformed, Wire

GOOD = {
    "ssh://deploy@shop.example.com": Address("shop.example.com", "deploy"),
    "ssh://deploy@shop.example.com:2222": Address("shop.example.com", "deploy", 2222),
    "ssh://shop": Address("shop"),
    "shop-prod_1": Address("shop-prod_1"),
    "ssh://a.b@[2001:db8::1]:22": Address("2001:db8::1", "a.b", 22),
    "ssh://192.0.2.1/": Address("192.0.2.1"),
}
BAD = ["", "-oProxyCommand=id", "ssh://-oProxyCommand=id", "ssh://a@-x", "ssh://-l@x", "ssh://a b", "ssh://a;id", "a:0",
       "a:70000", "http://a", "ssh://a/b", "ssh://a@b@c", "$(id)", "a\nb"]  # fmt: skip


@pytest.mark.parametrize("text", GOOD)
def test_addresses(text: str) -> None:
    assert parse(text) == GOOD[text]


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(UsageError):
        host_of(text)


def test_ssh_is_called_with_checks_on_and_nothing_lent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FAIRLEAD_SSH", raising=False)
    argv = SshHost(parse("ssh://deploy@shop:2222")).argv("fairlead serve-ssh production")
    assert argv[0] == "ssh" and argv[-3:] == ("--", "shop", "fairlead serve-ssh production")
    text = " ".join(argv)
    assert "StrictHostKeyChecking" not in text and "UserKnownHostsFile" not in text
    assert "BatchMode=yes" in text  # there is no terminal here
    assert "-p 2222 -l deploy" in text and "ClearAllForwardings=yes" in text and "ForwardAgent=no" in text


SAID = {
    "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.": "another host key",
    "No ED25519 host key is known for shop and you have requested strict checking.\nHost key verification failed.":
        "is not known here",
    "deploy@shop: Permission denied (publickey).": "does not let us in",
    "ssh: Could not resolve hostname shop: Name or service not known": "no host of the name shop",
    "ssh: connect to host shop port 22: Connection refused": "nothing listens",
    "ssh: connect to host shop port 22: Connection timed out": "no way to",
    "ssh: connect to host shop port 22: No route to host": "no way to",
    "/root/.ssh/config: line 3: Bad configuration option: nonsense": "its own configuration",
    "kex_exchange_identification: Connection closed by remote host": "kex_exchange",
}  # fmt: skip


@pytest.mark.parametrize("said", SAID)
def test_why_there_is_no_connection(said: str) -> None:
    error = explained(parse("ssh://deploy@shop"), 255, said, begun=False)
    assert type(error) is Unreachable and SAID[said] in error.message and error.hint
    assert "{" not in error.message + error.hint


def test_there_and_without_fairlead_and_gone_again() -> None:
    address = parse("ssh://deploy@shop:2222")
    assert isinstance(explained(address, 127, "env: 'fairlead': No such file or directory", False), Absent)
    assert isinstance(explained(address, 1, "bash: fairlead: command not found", False), Absent)
    assert isinstance(explained(address, 255, "Connection reset", True), ConnectionLost)


def wires(longest: int = LONGEST_LINE) -> tuple[Wire, Wire]:
    one, other = os.pipe(), os.pipe()
    return Wire(one[0], other[1], longest), Wire(other[0], one[1], longest)


def test_messages_and_streams_go_over() -> None:
    here, there = wires()
    message = {"a": "ü\n\udc80", "b": [1, None]}
    here.send(message)
    data = os.urandom(1 << 20)

    def stream() -> None:
        here.send_chunk(data)
        here.send_chunk(b"")
        here.send({"then": 1})

    thread = threading.Thread(target=stream)
    thread.start()
    assert there.message() == message
    assert b"".join(there.chunks(1 << 20)) == data
    assert there.message() == {"then": 1} and there.poll(0) is None
    thread.join()


@pytest.mark.parametrize("sent", [b"x" * 200 + b"\n", b"x" * 200, b"[]\n", b"{\n", b"\xff\n", b'{"a": NaNa}\n'])
def test_what_is_no_message(sent: bytes) -> None:
    here, there = wires(longest=100)
    here.send_raw(sent)
    with pytest.raises(Malformed):
        there.message()


@pytest.mark.parametrize("sent", [b"x\n", b"-1\n", b"9999999\n", b"11\n" + b"x" * 11, b"6\n123456" * 2])
def test_what_is_no_stream(sent: bytes) -> None:
    here, there = wires()
    here.send_raw(sent)
    with pytest.raises(Malformed):
        list(there.chunks(10))


def test_an_end_is_an_end() -> None:
    reading, writing = os.pipe()
    os.close(writing)
    wire = Wire(reading, writing)
    with pytest.raises(Ended):
        wire.line()
    with pytest.raises(Ended):
        wire.send({})
    os.close(reading)
