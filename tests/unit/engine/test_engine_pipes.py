"""What a command in a container writes, taken out of its frames."""

import socket

import pytest

from fairlead.engine.pipes import SAID, Spoken


def frame(stream, data):
    return bytes([stream, 0, 0, 0]) + len(data).to_bytes(4, "big") + data


@pytest.mark.parametrize("size", [1, 7, 65536])
def test_stdout_is_read_and_stderr_kept_beside_it(size):
    ours, theirs = socket.socketpair()
    whole = frame(1, b"first ") + frame(2, b"careful\n") + frame(1, b"") + frame(1, b"second") + frame(2, b"x" * SAID)
    with ours, theirs:
        for at in range(0, 50, 5):  # frames come in pieces
            theirs.sendall(whole[at : at + 5])
        theirs.sendall(whole[50:])
        theirs.close()
        spoken = Spoken(ours)
        assert b"".join(iter(lambda: spoken.read(size), b"")) == b"first second"
        assert spoken.ended and spoken.said == b"x" * SAID


def test_one_that_is_cut_short_ends():
    ours, theirs = socket.socketpair()
    with ours:
        theirs.sendall(frame(1, b"whole") + frame(1, b"half of it")[:12])
        theirs.close()
        assert Spoken(ours).read() == b"wholehalf"
