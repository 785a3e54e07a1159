"""A server that does wrong as told and counts every wrong it did: what the traffic's own counts are held against."""

import asyncio
import threading
from collections import Counter

APP = "X-App: yes\r\nX-Version: bad\r\n"


class BadServer:
    """`plan(number) -> wrong` says what to do with the request of that number (from 0); a context manager.

    Wrongs: ok · cut (no answer) · half (half a body, then cut) · edge-NNN (an answer without the application's header)
    · app-NNN (an answer with it) · other (an echo that differs) · short (a stream without its end) · garbage
    · hang · close-after (a good answer with `Connection: close`) · close-idle (a good answer; the kept-alive
    connection is closed a moment later).
    """

    def __init__(self, plan):
        self._plan = plan
        self.done = Counter()
        self.connections = 0
        self._numbers = iter(range(10**9))
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True)

    def __enter__(self):
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    async def _main(self):
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        await self._end.wait()
        server.close()

    async def _connection(self, reader, writer):
        self.connections += 1
        try:
            while await self._request(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has ended it
        finally:
            writer.close()

    async def _request(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next((int(line[15:]) for line in head.splitlines() if line.lower().startswith("content-length:")), 0)
        body = await reader.readexactly(length) or b"end"
        wrong = self._plan(next(self._numbers))
        self.done[wrong] += 1
        return await self._do(wrong, body, writer)

    async def _do(self, wrong, body, writer):
        if wrong == "hang":
            await asyncio.sleep(60)
        if wrong in ("cut", "hang"):
            return False
        writer.write(ANSWERS[wrong.partition("-")[0]](wrong, body))
        if wrong == "close-idle":
            await asyncio.sleep(0.05)
        return wrong not in ("half", "garbage", "close-after", "close-idle")


def answer(status, body, headers=APP):
    return f"HTTP/1.1 {status} Whatever\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body


ANSWERS = {
    "ok": lambda wrong, body: answer(200, body),
    "half": lambda wrong, body: answer(200, body * 2)[: -len(body)],
    "edge": lambda wrong, body: answer(int(wrong[5:]), b"Bad Gateway", headers=""),
    "app": lambda wrong, body: answer(int(wrong[4:]), b"mine"),
    "other": lambda wrong, body: answer(200, b"something else"),
    "short": lambda wrong, body: (
        f"HTTP/1.1 200 OK\r\n{APP}Transfer-Encoding: chunked\r\n\r\n4\r\ntick\r\n0\r\n\r\n".encode()
    ),
    "garbage": lambda wrong, body: b"\x16\x03\x01 not http at all\r\n\r\n",
    "close": lambda wrong, body: answer(200, body, APP + ("Connection: close\r\n" if wrong == "close-after" else "")),
}
