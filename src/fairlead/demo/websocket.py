"""A WebSocket client (RFC 6455), just enough to tell an orderly close from a cut.

Text messages, pings and closes; no extensions, no fragments (nobody sends them for messages this short).
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import secrets

from fairlead.demo.connection import Answer, Target, connect, describe, read_answer
from fairlead.demo.report import Failed

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
NO_CODE = 1005  # RFC 6455 section 7.4.1: a close frame without a code
#: normal, going away, no code, service restart: how a server that is stopped says good-bye
ORDERLY = frozenset({1000, 1001, NO_CODE, 1012})
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Closed(Exception):
    """The server sent a close frame."""

    def __init__(self, code: int) -> None:
        super().__init__(f"closed with {code}")
        self.code = code


class WebSocket:
    """One open WebSocket. Made by `open_websocket`."""

    def __init__(self, answer: Answer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.answer = answer  #: to the handshake
        self._reader = reader
        self._writer = writer
        self._coming: asyncio.Task[tuple[int, bytes]] | None = None

    async def send(self, text: str) -> None:
        """Send one text message; Failed("cut") when the connection is gone."""
        await self._send_frame(TEXT, text.encode())

    async def receive(self, timeout: float) -> str | None:
        """The next text message, None when none came in `timeout` seconds; Closed or Failed when it has ended."""
        until = asyncio.get_running_loop().time() + timeout
        while True:
            # A read that was begun is kept, never cancelled: half a frame taken from the stream would be lost.
            self._coming = self._coming or asyncio.create_task(self._read_frame())
            await asyncio.wait({self._coming}, timeout=max(0.0, until - asyncio.get_running_loop().time()))
            if not self._coming.done():
                return None
            (opcode, payload), self._coming = self._coming.result(), None
            if opcode == TEXT:
                return payload.decode(errors="replace")
            await self._answer_control(opcode, payload)

    async def close(self, timeout: float = 2.0) -> None:
        """Say good-bye and wait for the server's close frame, at most `timeout` seconds; then end the connection."""
        with contextlib.suppress(Closed, Failed):  # either way it is over, and it was us who ended it
            await self._send_frame(CLOSE, (1000).to_bytes(2, "big"))
            while await self.receive(timeout) is not None:
                pass  # messages that were still on their way
        self.drop()

    def drop(self) -> None:
        """End the connection at once."""
        if self._coming and not self._coming.cancel():
            self._coming.exception()  # looked at, or asyncio would complain about it later
        self._coming = None
        self._writer.transport.abort()

    async def _answer_control(self, opcode: int, payload: bytes) -> None:
        if opcode == PING:
            await self._send_frame(PONG, payload)
        elif opcode == CLOSE:
            code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else NO_CODE
            with contextlib.suppress(Failed):  # the server did its part: it may be gone before our reply
                await self._send_frame(CLOSE, payload[:2])
            raise Closed(code)
        elif opcode != PONG:
            raise Failed("wrong", f"a frame of kind {opcode:#x}")

    async def _read_frame(self) -> tuple[int, bytes]:
        try:
            first, second = await self._reader.readexactly(2)
            length = second & 0x7F
            if length >= 126:
                length = int.from_bytes(await self._reader.readexactly(2 if length == 126 else 8), "big")
            return first & 0x0F, await self._reader.readexactly(length)
        except (OSError, EOFError) as error:
            raise Failed("cut", f"ended without a close frame: {describe(error)}") from error

    async def _send_frame(self, opcode: int, payload: bytes) -> None:
        mask = secrets.token_bytes(4)
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        length = len(payload)
        size = bytes([0x80 | length]) if length < 126 else bytes([0xFE]) + length.to_bytes(2, "big")
        try:
            self._writer.write(bytes([0x80 | opcode]) + size + mask + masked)
            await self._writer.drain()
        except OSError as error:
            raise Failed("cut", f"ended without a close frame: {describe(error)}") from error


async def open_websocket(target: Target, path: str, timeout: float) -> WebSocket | Answer:
    """The open WebSocket, or the answer when it was not 101. Failed when there was no answer in `timeout` seconds."""
    try:
        async with asyncio.timeout(timeout):
            return await _handshake(target, path)
    except TimeoutError as error:
        raise Failed("timeout", f"no answer to the handshake in {timeout:g} s") from error


async def _handshake(target: Target, path: str) -> WebSocket | Answer:
    reader, writer = await connect(target)
    opened = False
    try:
        key = base64.b64encode(secrets.token_bytes(16))
        writer.write(target.head("GET", path, _upgrade(key)))
        answer = await read_answer(reader)
        if answer.status != 101:
            return answer
        if answer.header("sec-websocket-accept") != _accept(key):
            raise Failed("wrong", "the handshake's Sec-WebSocket-Accept is not ours")
        opened = True
        return WebSocket(answer, reader, writer)
    except (OSError, EOFError) as error:
        if isinstance(error, TimeoutError):
            raise
        raise Failed("cut", f"the handshake was cut: {describe(error)}") from error
    finally:
        if not opened:
            writer.transport.abort()


def _upgrade(key: bytes) -> dict[str, str]:
    return {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": key.decode(),
    }


def _accept(key: bytes) -> str:
    digest = hashlib.sha1(key + GUID, usedforsecurity=False).digest()  # the hash RFC 6455 section 4.2.2 demands
    return base64.b64encode(digest).decode()
