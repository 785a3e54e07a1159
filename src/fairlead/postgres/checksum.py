"""Checksums of migration files: Flyway's, and one that cannot be fooled."""

from __future__ import annotations

import hashlib
import zlib

BOM = "\ufeff"


def flyway_checksum(text: str) -> int:
    """The signed 32-bit number that Flyway keeps in its history: CRC-32 over the lines without their ends.

    Lines end as Java's BufferedReader has it (`\\n`, `\\r`, `\\r\\n`) and nowhere else; `str.splitlines` knows more
    ends and gives other numbers. A byte order mark does not count.
    """
    bare = text.removeprefix(BOM).replace("\r", "").replace("\n", "")
    value = zlib.crc32(bare.encode())
    return value - (1 << 32) if value >= 1 << 31 else value


def fingerprint(text: str) -> str:
    """SHA-256 as 64 hex digits; the same for `\\n` and `\\r\\n`, since git changes those.

    Flyway's checksum does not see where a line ends: `-- note`, then `DROP TABLE t`, on one line or on two is the
    same number. This one differs.
    """
    same = text.removeprefix(BOM).replace("\r\n", "\n").replace("\r", "\n")
    return hashlib.sha256(same.encode()).hexdigest()
