"""Where everything is: from variables, or from the files that NAME_FILE names."""

import os
from pathlib import Path


def value(name: str, default: str = "") -> str:
    """Of a variable, or of the file that NAME_FILE names."""
    path = os.environ.get(f"{name}_FILE")
    return Path(path).read_text("utf-8").strip() if path else os.environ.get(name, default)


DATABASE_URL = value("DATABASE_URL")
REDIS_URL = value("REDIS_URL")
S3_URL, S3_ACCESS_KEY, S3_SECRET_KEY = value("S3_URL"), value("S3_ACCESS_KEY"), value("S3_SECRET_KEY")
BUCKET = value("S3_BUCKET", "documents")
SCANNER_URL = value("SCANNER_URL", "tcp://scanner:3310")
POOL_SIZE = int(value("POOL_SIZE", "5"))
VERSION = value("VERSION", "1")
