"""A small HTTP server in a thread that notes every request and can be told to misbehave on the wire.

/                     200, its name
/status/NNN           that status (404 where it is no number), with Date and Content-Length, as every server sends
/bare/NNN             that status without Date, Server or Content-Length
/cut                  the connection is closed without an answer
/cut-body             an answer that ends before its announced length
/hang                 no answer until the server is stopped
/slow?S               200 after S seconds
/stream?S             a line every 50 ms for S seconds
/cookie               200, and sets the cookie `session`
/half                 200 as soon as half of the body has come
/large                64 KB of text
/events?S             the same as /stream as server-sent events
/ws                   becomes an echo of bytes (101)
"""

import asyncio
import contextlib
import threading
import time
from dataclasses import dataclass, field
from email.utils import formatdate

ALSO = []
"""Addresses at which every back end listens beside loopback: of a bridge, for an edge in a container."""


@dataclass
class Request:
    method: str
    path: str
    headers: dict
    body: bytes
    connection: int


@dataclass
class Backend:
    """`keep_alive`: seconds an idle connection is kept. `port` 0: any free one.

    `late`: it ends an idle connection at the worst moment, when the next request has just arrived. A server does that
    when its timer fires while the request is on its way: the race, without its luck.
    """

    name: str
    keep_alive: float = 60.0
    port: int = 0
    late: bool = False
    requests: list = field(default_factory=list)
    connections: int = 0

    def __enter__(self):
        self._loop = asyncio.new_event_loop()
        self._open = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.listen()
        return self

    def __exit__(self, *_):
        self.refuse()
        self._call(self._abort())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)

    def listen(self):
        """Accept connections (again), on the same port."""
        self._server = self._call(asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=512))
        self.port = self._server.sockets[0].getsockname()[1]
        self._others = [self._call(asyncio.start_server(self._serve, host, self.port, backlog=512)) for host in ALSO]

    def refuse(self):
        """New connections are refused; open ones go on."""

        async def close():
            for server in (self._server, *self._others):
                server.close()

        self._call(close())

    def drop(self):
        """Cut every open connection."""
        self._call(self._abort())

    async def _abort(self):
        tasks = list(self._open)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def bodies(self):
        return [request.body for request in self.requests]

    async def _serve(self, reader, writer):
        task = asyncio.current_task()
        self._open.add(task)
        self.connections += 1
        with contextlib.suppress(asyncio.CancelledError, ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            await self._talk(reader, writer, self.connections)
        self._open.discard(task)
        writer.transport.abort() if task.cancelling() else writer.close()

    async def _talk(self, reader, writer, number):
        begun, first_one = time.monotonic(), True
        while True:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), None if self.late else self.keep_alive)
            if self.late and not first_one and time.monotonic() - begun > self.keep_alive:
                return
            first, *lines = head.decode("latin-1").rstrip().split("\r\n")
            method, path, _ = first.split(" ")
            headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
            length = int(headers.get("content-length", 0)) // (2 if path == "/half" else 1)
            body = await (reader.readexactly(length) if length else self._chunks(reader, headers))
            self.requests.append(Request(method, path, headers, body, number))
            if not await self._answer(path, reader, writer):
                return
            begun, first_one = time.monotonic(), False

    async def _chunks(self, reader, headers):
        """A body in chunks; none where there is no such header."""
        body = b""
        while headers.get("transfer-encoding") == "chunked":
            size = int(await reader.readuntil(b"\n"), 16)
            body += (await reader.readexactly(size + 2))[:-2]
            if not size:
                break
        return body

    async def _answer(self, path, reader, writer):
        """Whether the connection stays."""
        kind, _, rest = path.removeprefix("/").replace("?", "/").partition("/")
        handler = getattr(self, "_" + kind.replace("-", "_"), self._plain)
        return await handler(rest, reader, writer)

    async def _plain(self, rest, reader, writer, status=200, more=""):
        body = f"{self.name}\n".encode()
        head = f"HTTP/1.1 {status} X\r\nDate: {formatdate(usegmt=True)}\r\nX-App: {self.name}\r\n{more}"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        return True

    async def _status(self, rest, reader, writer):
        return await self._plain(rest, reader, writer, int(rest) if rest.isdecimal() else 404)

    async def _cookie(self, rest, reader, writer):
        return await self._plain(rest, reader, writer, more="Set-Cookie: session=1\r\n")

    async def _bare(self, rest, reader, writer):
        writer.write(f"HTTP/1.1 {rest} X\r\nX-App: {self.name}\r\nConnection: close\r\n\r\nbare\n".encode())
        await writer.drain()
        return False

    async def _cut(self, rest, reader, writer):
        return False

    async def _cut_body(self, rest, reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
        await writer.drain()
        return False

    async def _hang(self, rest, reader, writer):
        await asyncio.sleep(3600)

    async def _slow(self, rest, reader, writer):
        await asyncio.sleep(float(rest))
        return await self._plain(rest, reader, writer)

    async def _stream(self, rest, reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        until = time.monotonic() + float(rest)
        line = f"{self.name}\n".encode()
        while time.monotonic() < until:
            writer.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
            await writer.drain()
            await asyncio.sleep(0.05)
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True

    async def _ws(self, rest, reader, writer):
        writer.write(b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        while data := await reader.read(4096):
            writer.write(self.name.encode() + b":" + data)
            await writer.drain()
        return False

    async def _large(self, rest, reader, writer):
        body = b"a line that is there many times\n" * 2000
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        return True

    async def _events(self, rest, reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        until = time.monotonic() + float(rest)
        while time.monotonic() < until:
            writer.write(b"9\r\ndata: x\n\n\r\n")
            await writer.drain()
            await asyncio.sleep(0.05)
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True
