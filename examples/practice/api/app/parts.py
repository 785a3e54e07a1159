"""What the API and the worker share: the database, the queue, the scanner, the documents."""

import asyncio
import io
import struct
from urllib.parse import urlsplit

from arq.connections import RedisSettings
from minio import Minio
from minio.error import S3Error
from psycopg_pool import AsyncConnectionPool

from app import settings

PIECE = 64 << 10


def pool() -> AsyncConnectionPool:
    """Connections to the database, looked at before each use: it may have been restarted. Whoever uses it opens it."""
    return AsyncConnectionPool(
        settings.DATABASE_URL, min_size=1, max_size=settings.POOL_SIZE, open=False,
        check=AsyncConnectionPool.check_connection,
    )  # fmt: skip


def queue() -> RedisSettings:
    """Where jobs lie."""
    return RedisSettings.from_dsn(settings.REDIS_URL)


def documents() -> Minio:
    """Where documents lie."""
    url = urlsplit(settings.S3_URL)
    return Minio(url.netloc, settings.S3_ACCESS_KEY, settings.S3_SECRET_KEY, secure=url.scheme == "https")


def keep(name: str, content: bytes) -> None:
    """Put a document away."""
    documents().put_object(settings.BUCKET, name, io.BytesIO(content), len(content))


def kept(name: str) -> bytes | None:
    """A document; None when there is none of that name."""
    client = documents()
    try:
        client.stat_object(settings.BUCKET, name)  # its answer has no body, which servers word differently
    except S3Error as error:
        if error.code == "NoSuchKey":
            return None
        raise
    with client.get_object(settings.BUCKET, name) as answer:
        return answer.read()


async def scan(content: bytes) -> str:
    """What ClamAV finds in it; empty when that is nothing. Its protocol: INSTREAM, pieces with their length."""
    where = urlsplit(settings.SCANNER_URL)
    reader, writer = await asyncio.open_connection(where.hostname, where.port or 3310)
    try:
        writer.write(b"zINSTREAM\0")
        for place in range(0, len(content), PIECE):
            piece = content[place : place + PIECE]
            writer.write(struct.pack(">L", len(piece)) + piece)
        writer.write(struct.pack(">L", 0))
        await writer.drain()
        answer = (await reader.readuntil(b"\0")).rstrip(b"\0").decode()
    finally:
        writer.close()
    return answer.removeprefix("stream: ").removesuffix(" FOUND") if answer.endswith("FOUND") else ""
