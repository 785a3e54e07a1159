"""The worker: `arq app.worker.WorkerSettings`."""

import asyncio
from pathlib import Path

from app import parts

BEAT = Path("/tmp/beat")  # in the container's own memory; its health check looks how old it is


async def index(context: dict, name: str) -> None:
    """Note that a document can be found now."""
    async with context["database"].connection() as connection:
        await connection.execute("update document set indexed = now() where name = %s", (name,))


async def beat() -> None:
    """Show that the loop that does the jobs still turns. `arq --check` says it too, and starts all of Python for it."""
    while True:
        BEAT.touch()
        await asyncio.sleep(5)


async def begin(context: dict) -> None:
    context["database"] = parts.pool()
    await context["database"].open()
    context["beat"] = asyncio.create_task(beat())


async def end(context: dict) -> None:
    context["beat"].cancel()
    await context["database"].close()


class WorkerSettings:
    functions = (index,)
    on_startup = begin
    on_shutdown = end
    redis_settings = parts.queue()
