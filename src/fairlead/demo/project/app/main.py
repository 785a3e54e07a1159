"""A small web application without a framework: `uvicorn main:app`.

GET / greets, POST /echo sends its body back, GET /slow?seconds=3 takes its time, GET /stream?seconds=20 sends a line
now and then, /ws is a WebSocket that echoes, GET /health says whether it is ready. Its version is in the file VERSION:
change it and deploy. A version that ends in "-broken" comes up healthy and then answers GET / with 500.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

VERSION = Path(__file__).with_name("VERSION").read_text().strip()
GREETING = os.environ.get("GREETING", "hello")
HEADERS = [(b"x-app", b"yes"), (b"x-version", VERSION.encode()), (b"content-type", b"text/plain; charset=utf-8")]


async def app(scope: Message, receive: Receive, send: Send) -> None:
    """The ASGI application."""
    if scope["type"] == "websocket":
        await echo_messages(receive, send)
    elif scope["type"] == "http":
        await answer_http(scope, receive, send)
    # "lifespan": nothing to set up; returning says so


async def answer_http(scope: Message, receive: Receive, send: Send) -> None:
    route = f"{scope['method']} {scope['path']}"
    seconds = float(parse_qs(scope["query_string"].decode()).get("seconds", ["3"])[0])
    if route == "GET /stream":
        await stream(send, seconds)
        return
    status, body = 404, b"no such page\n"
    if route == "GET /":
        status, body = greet()
    elif route == "GET /health":
        status, body = 200, b"ok\n"
    elif route == "POST /echo":
        status, body = 200, await read_body(receive)
    elif route == "GET /slow":
        await asyncio.sleep(seconds)
        status, body = 200, f"slept {seconds:g} s\n".encode()
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*HEADERS, length]})
    await send({"type": "http.response.body", "body": body})


def greet() -> tuple[int, bytes]:
    if VERSION.endswith("-broken"):
        return 500, b"this version is broken\n"
    return 200, f"{GREETING} from version {VERSION}\n".encode()


async def read_body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def stream(send: Send, seconds: float) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        await send({"type": "http.response.body", "body": b"tick\n", "more_body": True})
        await asyncio.sleep(min(1.0, left))
    await send({"type": "http.response.body", "body": b"end\n"})


async def echo_messages(receive: Receive, send: Send) -> None:
    await receive()  # websocket.connect
    await send({"type": "websocket.accept", "headers": HEADERS[:2]})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message.get("text") or ""})
