"""Answers as servers may send them, byte for byte."""

import asyncio

import pytest

from fairlead.demo.connection import Answer, read_answer
from fairlead.demo.report import Failed

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def read(data: bytes) -> Answer:
    async def fed():
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        return await read_answer(reader)

    return asyncio.run(fed())


@pytest.mark.parametrize(
    ("data", "status", "body", "keeps_alive"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-LENGTH: 3\r\n\r\nabc", 200, b"abc", True),
        (b"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", 200, b"", True),
        (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, b"", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", True),
        (b"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 1\r\n\r\na", 200, b"a", False),
        (b"HTTP/1.1 200 OK\r\n\r\nto the end", 200, b"to the end", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", 200, b"a", False),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na", 200, b"a", True),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Made\r\nContent-Length: 0\r\n\r\n", 201, b"", True),
        (
            CHUNKED + b"3;note=x\r\nabc\r\nA\r\n0123456789\r\n0\r\nTail: 1\r\n\r\n",
            200,
            b"abc0123456789",  # pragma: allowlist secret
            True,
        ),
    ],
)
def test_whole_answers(data, status, body, keeps_alive):
    answer = read(data)
    assert (answer.status, answer.body, answer.keeps_alive) == (status, body, keeps_alive)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
        CHUNKED,
        CHUNKED + b"5\r\nab",
        CHUNKED + b"2\r\nab\r\n",
        CHUNKED + b"2\r\nab\r\n0\r\n",
    ],
)
def test_answers_that_were_cut(data):
    """Every one of them a body or head without its end: also a chunked one that lacks only the last empty line."""
    with pytest.raises(EOFError):
        read(data)


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"\x15\x03\x01\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        CHUNKED + b"xyz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
    ],
)
def test_what_is_not_http(data):
    with pytest.raises(Failed, match="not an HTTP answer") as caught:
        read(data)
    assert caught.value.why == "wrong"
