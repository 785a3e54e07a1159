"""A web application without a framework, for uvicorn: `uvicorn asgi:app`. It can be told to misbehave.

VERSION               what it calls itself (X-Version)
START_DELAY           seconds before it listens
FAIL_AFTER            "5s": answers 500 to / from 5 seconds after its start; "20": after 20 requests for /
FAIL_SHARE            "20": answers 500 to every 20th request for /
FAIL_WHILE            answers 500 to / while this file is there
UPSTREAM_DOWN         what it depends on is down while this file is there: 503 to /
SLOWER                seconds that / takes more
GROW                  megabytes a second it keeps, until it is killed for it at 200
DIE_AFTER_HEALTHY     ends at once, so many seconds after its first 200 of /health
IGNORE_SIGTERM=1      SIGTERM does nothing, only SIGKILL ends it
"""

import asyncio
import itertools
import os
import signal
import time
from urllib.parse import parse_qs

VERSION = os.environ.get("VERSION", "1")
FAIL_AFTER = os.environ.get("FAIL_AFTER", "")
DIE_AFTER_HEALTHY = os.environ.get("DIE_AFTER_HEALTHY", "")
FAIL_SHARE = int(os.environ.get("FAIL_SHARE", "0"))
FAIL_WHILE = os.environ.get("FAIL_WHILE", "")
UPSTREAM_DOWN = os.environ.get("UPSTREAM_DOWN", "")
SLOWER = float(os.environ.get("SLOWER", "0"))
GROW = int(os.environ.get("GROW", "0"))
LIMIT = 200  # megabytes
HEADERS = {"X-App": "yes", "X-Version": VERSION, "X-Pid": str(os.getpid())}

started = time.monotonic()
requests = itertools.count(1)  # for /
deaths = iter([DIE_AFTER_HEALTHY] if DIE_AFTER_HEALTHY else [])


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
    elif scope["type"] == "websocket":
        await echo_messages(receive, send)
    else:
        query = parse_qs(scope["query_string"].decode())
        seconds = float(query.get("seconds", ["1"])[0])
        handler = ROUTES.get((scope["method"], scope["path"]), missing)
        await handler(receive, send, seconds)


async def lifespan(receive, send):
    await receive()
    if os.environ.get("IGNORE_SIGTERM") == "1":  # uvicorn has its own handler in place by now: ours replaces it
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    task = asyncio.create_task(grow()) if GROW else None
    await asyncio.sleep(float(os.environ.get("START_DELAY", "0")))  # uvicorn listens when start-up is complete
    await send({"type": "lifespan.startup.complete"})
    await receive()
    if task:
        task.cancel()
    await send({"type": "lifespan.shutdown.complete"})


async def grow():
    """A leak, with the end that the kernel gives it: SIGKILL."""
    kept = []
    while True:
        await asyncio.sleep(0.2)
        kept.append(b"x" * (GROW * 200_000))
        if sum(map(len, kept)) > LIMIT << 20:
            os.kill(os.getpid(), signal.SIGKILL)


async def root(receive, send, seconds):
    await asyncio.sleep(SLOWER)
    if UPSTREAM_DOWN and os.path.exists(UPSTREAM_DOWN):
        await answer(send, 503, b"what it depends on is down\n")
    elif is_failing(next(requests)):
        await answer(send, 500, b"broken\n")
    else:
        await answer(send, 200, f"version {VERSION}\n".encode())


def is_failing(number):
    if FAIL_SHARE and number % FAIL_SHARE == 0:
        return True
    if FAIL_WHILE and os.path.exists(FAIL_WHILE):
        return True
    if FAIL_AFTER.endswith("s"):
        return time.monotonic() - started >= float(FAIL_AFTER[:-1])
    return bool(FAIL_AFTER) and number > int(FAIL_AFTER)


async def echo(receive, send, seconds):
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    await answer(send, 200, body)


async def slow(receive, send, seconds):
    await asyncio.sleep(seconds)
    await answer(send, 200, f"slept {seconds:g} s\n".encode())


async def stream(receive, send, seconds):
    await send({"type": "http.response.start", "status": 200, "headers": headers()})
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        await send({"type": "http.response.body", "body": b"tick\n", "more_body": True})
        await asyncio.sleep(min(0.2, left))
    await send({"type": "http.response.body", "body": b"end\n"})


async def health(receive, send, seconds):
    await answer(send, 200, b"ok\n")
    for delay in deaths:  # the first time only
        asyncio.get_running_loop().call_later(float(delay), os._exit, 3)


async def fail(receive, send, seconds):
    await answer(send, 500, b"failed as asked\n")


async def missing(receive, send, seconds):
    await answer(send, 404, b"no such page\n")


async def answer(send, status, body):
    length = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers() + length})
    await send({"type": "http.response.body", "body": body})


def headers():
    return [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]


async def echo_messages(receive, send):
    await receive()
    await send({"type": "websocket.accept", "headers": headers()})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})


ROUTES = {
    ("GET", "/"): root,
    ("POST", "/echo"): echo,
    ("GET", "/slow"): slow,
    ("GET", "/stream"): stream,
    ("GET", "/health"): health,
    ("GET", "/fail"): fail,
}
