"""The clients: each sends what its kind sends, judges every answer and tells the tally. They end when told to stop."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from fairlead.demo.connection import Answer, Connection, Request, Target
from fairlead.demo.mix import Mix, Options
from fairlead.demo.report import Failed, Loss, Tally
from fairlead.demo.websocket import ORDERLY, Closed, WebSocket, open_websocket

BODY_SIZES = (16, 2048)  # bytes of randomness in a POST; twice as many characters
AFTER_LOSS = 0.1  # seconds: a service that is down is asked again soon, but not in a tight loop
BUSY = ("get", "post", "fresh")


@dataclass(frozen=True, slots=True)
class World:
    """What all clients share."""

    target: Target
    options: Options
    tally: Tally
    stopping: asyncio.Event

    async def pause(self, seconds: float) -> None:
        """Wait, but not beyond the stop."""
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self.stopping.wait()
        except TimeoutError:
            pass

    def judge(self, answer: Answer) -> None:
        """Failed("edge") when the answer was made by the edge because it had no application to ask."""
        header = self.options.app_header
        if header is None:
            by_edge = answer.status in (502, 503, 504)
        else:
            by_edge = (answer.status >= 500 or answer.status == 404) and answer.header(header) is None
        if by_edge:
            raise Failed("edge", f"{answer.status} made by the edge")


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One kind of client that speaks plain HTTP."""

    kind: str
    request: Callable[[random.Random, int], Request]  #: from the client's randomness and the number of the request
    gap: Callable[[random.Random], float]  #: seconds from one request to the next
    check: Callable[[Request, Answer], None]  #: Failed when a success is not the right answer
    takes: float = 0.0  #: seconds a good answer takes by itself
    reuse: bool = True  #: one kept-alive connection, or a new one for each request
    paced: bool = False  #: the gap runs from the start of a request, not from its answer


def client_random(seed: int, kind: str, number: int) -> random.Random:
    """Each client has its own randomness, so that what one sends does not depend on how fast the others are."""
    return random.Random(f"{seed}-{kind}-{number}")  # noqa: S311 - not for secrets


async def run_http(world: World, behaviour: Behaviour, number: int) -> None:
    """One client, until the stop."""
    rng = client_random(world.options.seed, behaviour.kind, number)
    connection = Connection(world.target, behaviour.reuse, world.tally.closed_idle)
    count = number  # so that idle clients do not all begin with the same method
    await world.pause(rng.random() * min(1.0, behaviour.gap(rng)))
    while not world.stopping.is_set():
        begun = time.monotonic()
        answered = await _ask(world, behaviour, connection, behaviour.request(rng, count))
        count += 1
        gap = behaviour.gap(rng) - (time.monotonic() - begun if behaviour.paced else 0.0)
        await world.pause(gap if answered else max(gap, AFTER_LOSS))
    connection.drop()


async def _ask(world: World, behaviour: Behaviour, connection: Connection, request: Request) -> bool:
    """Send one request and count what came of it; whether it was answered."""
    kind, tally = behaviour.kind, world.tally
    begun = time.monotonic()
    tally.sent(kind)
    try:
        answer = await connection.send(request, behaviour.takes + world.options.timeout)
        world.judge(answer)
        if answer.status < 300:
            behaviour.check(request, answer)
    except Failed as failed:
        tally.lost(_loss(kind, request, failed, begun))
        return False
    except asyncio.CancelledError:
        tally.unfinished(kind)
        raise
    tally.answered(kind, answer.status, _version(world, answer), time.monotonic() - begun)
    return True


def _loss(kind: str, request: Request, failed: Failed, begun: float) -> Loss:
    seconds = round(time.monotonic() - begun, 3)
    return Loss(time.time(), kind, request.method, request.path, failed.why, failed.detail, seconds)


def _version(world: World, answer: Answer) -> str:
    return answer.header(world.options.version_header) or ""


async def run_websocket(world: World, number: int) -> None:
    """One client that keeps a WebSocket open and opens a new one whenever it ended."""
    rng = client_random(world.options.seed, "websocket", number)
    await world.pause(rng.random() * 0.5)
    while not world.stopping.is_set():
        socket = await _open(world)
        if socket:
            await _talk(world, socket, f"{number}")
        await world.pause(AFTER_LOSS * (0.5 + rng.random()))


async def _open(world: World) -> WebSocket | None:
    tally, path = world.tally, world.options.paths.websocket
    begun = time.monotonic()
    tally.sent("websocket")
    try:
        opened = await open_websocket(world.target, path, world.options.timeout)
        answer = opened.answer if isinstance(opened, WebSocket) else opened
        world.judge(answer)
    except Failed as failed:
        tally.lost(_loss("websocket", Request("GET", path), failed, begun))
        return None
    except asyncio.CancelledError:
        tally.unfinished("websocket")
        raise
    tally.answered("websocket", answer.status, _version(world, answer), time.monotonic() - begun)
    if not isinstance(opened, WebSocket):
        return None
    tally.websocket_opened()
    return opened


async def _talk(world: World, socket: WebSocket, name: str) -> None:
    """Messages and their echoes until the stop, or until the WebSocket ends."""
    try:
        count = 0
        while not world.stopping.is_set():
            await _echo(world, socket, f"{name}-{count}")
            world.tally.websocket_message()
            count += 1
            if await socket.receive(world.options.websocket_gap) is not None:
                raise Failed("wrong", "a message nobody asked for")
        await socket.close()
    except Closed as closed:
        if closed.code in ORDERLY:
            world.tally.websocket_closed(closed.code)
        else:
            world.tally.websocket_cut(str(closed))
    except Failed as failed:
        world.tally.websocket_cut(failed.detail)
    finally:
        socket.drop()


async def _echo(world: World, socket: WebSocket, text: str) -> None:
    await socket.send(text)
    got = await socket.receive(world.options.timeout)
    if got is None:
        raise Failed("timeout", f"no echo in {world.options.timeout:g} s")
    if got != text:
        raise Failed("wrong", f"sent {text!r}, got {got[:40]!r}")


def behaviours(mix: Mix, options: Options) -> dict[str, Behaviour]:
    """The kinds of client that speak plain HTTP, by name."""
    paths = options.paths
    pace: float = max(1, sum(getattr(mix, kind) for kind in BUSY)) / options.rate

    def busy(rng: random.Random) -> float:
        return pace * rng.uniform(0.5, 1.5)

    def lasting(rng: random.Random) -> float:
        return rng.uniform(0.1, 0.5)

    def idle(rng: random.Random) -> float:
        return rng.uniform(*options.idle_gap)

    def get(path: str) -> Callable[[random.Random, int], Request]:
        return lambda _rng, _count: Request("GET", path)

    def post(rng: random.Random, _count: int) -> Request:
        return Request("POST", paths.post, rng.randbytes(rng.randint(*BODY_SIZES)).hex().encode())

    def either(rng: random.Random, count: int) -> Request:
        return post(rng, count) if count % 2 and paths.post else Request("GET", paths.get)

    def whole(_request: Request, answer: Answer) -> None:
        if not answer.body.rstrip().endswith(paths.stream_end.encode()):
            raise Failed("cut", f"the stream ended early, after {len(answer.body)} bytes")

    table = (
        Behaviour("get", get(paths.get), busy, _fine, paced=True),
        Behaviour("post", post, busy, _echoed, paced=True),
        Behaviour("fresh", get(paths.get), busy, _fine, paced=True, reuse=False),
        Behaviour("idle", either, idle, _echoed),
        Behaviour("slow", get(paths.slow), lasting, _fine, takes=options.slow_seconds),
        Behaviour("stream", get(paths.stream), lasting, whole, takes=options.stream_seconds),
    )
    return {behaviour.kind: behaviour for behaviour in table}


def _fine(_request: Request, _answer: Answer) -> None:
    """Any whole answer will do."""


def _echoed(request: Request, answer: Answer) -> None:
    if request.body not in answer.body:
        raise Failed("wrong", f"the body of {len(request.body)} bytes did not come back")
