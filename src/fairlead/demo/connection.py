"""HTTP/1.1 as the traffic needs it: one connection, one request at a time, and the exact way in which it failed.

A common HTTP library would hide what is measured here: it retries on a fresh connection when a kept-alive one was
closed under the request, and folds refused, cut and timed out into one kind of error. Message framing follows
RFC 9112 section 6.3.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from fairlead.demo.report import Failed
from fairlead.errors import UsageError
from fairlead.system.http import trusting

PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Target:
    """Where requests go."""

    address: str
    port: int
    host: str  #: Host header
    headers: dict[str, str] = field(default_factory=dict)  #: sent with every request
    tls: ssl.SSLContext | None = None  #: whom to trust; None: without TLS

    @classmethod
    def from_url(
        cls, url: str, host: str | None = None, headers: dict[str, str] | None = None, trust: str | None = None
    ) -> Target:
        """From `http://name:port` or https; UsageError for anything else. `trust`: PEM; None: as the system does."""
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname or parts.path not in ("", "/"):
            what = f"{url}: expected http://name:port or https://name:port without a path"
            raise UsageError(what, "give the paths by their own options")
        tls = None
        if parts.scheme == "https":
            tls = trusting(trust) if trust else ssl.create_default_context()
        return cls(parts.hostname, parts.port or PORTS[parts.scheme], host or parts.netloc, headers or {}, tls)

    @property
    def name(self) -> str | None:
        """The name that the certificate must be for; None without TLS."""
        return (urlsplit(f"//{self.host}").hostname or self.address) if self.tls else None

    def head(self, method: str, path: str, extra: dict[str, str]) -> bytes:
        """The head of a request, with its empty line."""
        fields = {"Host": self.host, **self.headers, **extra}
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask."""

    method: str
    path: str
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. Names of headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes = b""
    keeps_alive: bool = True

    def header(self, name: str) -> str | None:
        """The header's value, None when it is not there."""
        return self.headers.get(name.lower())


class Connection:
    """One client's connection, opened at the first request and again whenever the other side has closed it."""

    def __init__(self, target: Target, reuse: bool = True, on_closed_idle: Callable[[], None] | None = None) -> None:
        self._target = target
        self._reuse = reuse
        self._on_closed_idle = on_closed_idle or (lambda: None)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, request: Request, timeout: float) -> Answer:
        """The whole answer, within `timeout` seconds; Failed otherwise, with the connection dropped."""
        done = False
        try:
            async with asyncio.timeout(timeout):
                answer = await self._exchange(request)
            done = answer.keeps_alive and self._reuse
            return answer
        except TimeoutError as error:
            raise Failed("timeout", f"no whole answer in {timeout:g} s") from error
        finally:
            if not done:
                self.drop()

    def drop(self) -> None:
        """End the connection at once."""
        if self._streams:
            self._streams[1].transport.abort()
        self._streams = None

    async def _exchange(self, request: Request) -> Answer:
        reused = self._is_usable()
        reader, writer = self._streams = self._streams or await connect(self._target)
        extra = {} if self._reuse else {"Connection": "close"}
        if request.body or request.method == "POST":
            extra["Content-Length"] = str(len(request.body))
        try:
            writer.write(self._target.head(request.method, request.path, extra) + request.body)
            await writer.drain()
            return await read_answer(reader)
        except (OSError, EOFError) as error:
            if isinstance(error, TimeoutError):
                raise
            connection = "a kept-alive connection" if reused else "a new connection"
            raise Failed("cut", f"{connection} ended before the whole answer: {describe(error)}") from error

    def _is_usable(self) -> bool:
        """Whether the connection of the last request is still open. One that was closed meanwhile costs no request."""
        if not self._streams:
            return False
        reader, writer = self._streams
        if not reader.at_eof() and not writer.is_closing() and reader.exception() is None:
            return True
        self._on_closed_idle()
        self.drop()
        return False


async def connect(target: Target) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A new TCP connection; Failed("refused") when there is none to be had."""
    name = target.name
    try:
        return await asyncio.open_connection(target.address, target.port, ssl=target.tls, server_hostname=name)
    except OSError as error:
        if isinstance(error, TimeoutError):
            raise
        raise Failed("refused", describe(error)) from error


def describe(error: Exception) -> str:
    """An error of a connection in a few words."""
    if isinstance(error, asyncio.IncompleteReadError):
        return f"end of file after {len(error.partial)} bytes" if error.partial else "end of file"
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


async def read_answer(reader: asyncio.StreamReader) -> Answer:
    """The next answer with its whole body. EOFError or OSError when cut, Failed("wrong") when it is not HTTP."""
    try:
        version, status, headers = await read_head(reader)
        while 100 <= status < 200 and status != 101:  # "100 Continue", "103 Early Hints": the answer follows
            version, status, headers = await read_head(reader)
        body, framed = await _read_body(reader, status, headers)
    except (ValueError, asyncio.LimitOverrunError) as error:
        raise Failed("wrong", f"not an HTTP answer: {error}") from error
    connection = headers.get("connection", "").lower()
    alive = framed and "close" not in connection and (version != "HTTP/1.0" or "keep-alive" in connection)
    return Answer(status, headers, body, alive)


async def read_head(reader: asyncio.StreamReader) -> tuple[str, int, dict[str, str]]:
    """Version, status and headers (names in lower case) of the next answer; ValueError when it is none."""
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    version, status = first.split(" ", 2)[:2]
    if not version.startswith("HTTP/1."):
        raise ValueError(f"it begins with {first[:40]!r}")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return version, int(status), headers


async def _read_body(reader: asyncio.StreamReader, status: int, headers: dict[str, str]) -> tuple[bytes, bool]:
    """The body, and whether its end was marked other than by the end of the connection."""
    if status in (101, 204, 304):
        return b"", True
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return await _read_chunks(reader), True
    if "content-length" in headers:
        return await reader.readexactly(int(headers["content-length"])), True
    return await reader.read(), False


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    chunks = []
    while size := int((await reader.readuntil(b"\n")).partition(b";")[0], 16):
        chunks.append((await reader.readexactly(size + 2))[:-2])
    while (await reader.readuntil(b"\n")).strip():  # trailers
        pass
    return b"".join(chunks)
