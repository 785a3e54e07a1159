"""The API of a practice: documents are scanned, put away, and indexed by the worker."""

import asyncio
from contextlib import asynccontextmanager

import psycopg
from arq import create_pool
from fastapi import FastAPI, HTTPException, Response, UploadFile, WebSocket
from redis.exceptions import RedisError

from app import parts, settings


@asynccontextmanager
async def lifespan(app: FastAPI):
    app.state.database = parts.pool()
    await app.state.database.open()
    app.state.queue = await create_pool(parts.queue())
    yield
    await app.state.queue.aclose()
    await app.state.database.close()


app = FastAPI(lifespan=lifespan)


@app.get("/health/live")
@app.get("/api/health/live")
async def live() -> dict[str, str]:
    return {"status": "live", "version": settings.VERSION}


@app.get("/health/ready")
@app.get("/api/health/ready")
async def ready(response: Response) -> dict[str, str]:
    """The database and the queue answer."""
    try:
        async with asyncio.timeout(5):
            async with app.state.database.connection() as connection:
                await connection.execute("select 1")
            await app.state.queue.ping()
    except (psycopg.Error, RedisError, OSError) as error:  # a timeout is an OSError
        response.status_code = 503
        return {"status": "not ready", "why": type(error).__name__}
    return {"status": "ready", "version": settings.VERSION}


@app.get("/api/documents")
async def listed() -> list[dict]:
    async with app.state.database.connection() as connection:
        rows = await connection.execute("select name, size, indexed is not null from document order by id")
        return [{"name": name, "size": size, "indexed": indexed} for name, size, indexed in await rows.fetchall()]


@app.post("/api/documents", status_code=201)
async def add(file: UploadFile) -> dict:
    content = await file.read()
    if found := await parts.scan(content):
        raise HTTPException(422, f"refused: {found}")
    name = file.filename or "document"
    await asyncio.to_thread(parts.keep, name, content)
    async with app.state.database.connection() as connection:
        await connection.execute("insert into document (name, size) values (%s, %s)", (name, len(content)))
    await app.state.queue.enqueue_job("index", name)
    return {"name": name, "size": len(content)}


@app.get("/api/documents/{name}")
async def content(name: str) -> Response:
    found = await asyncio.to_thread(parts.kept, name)
    if found is None:
        raise HTTPException(404, "there is no such document")
    return Response(found, media_type="application/octet-stream")


@app.websocket("/ws")
async def echo(socket: WebSocket) -> None:
    await socket.accept()
    async for text in socket.iter_text():
        await socket.send_text(text)
