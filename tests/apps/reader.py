"""An application that reads secrets, for uvicorn (`uvicorn reader:app`) or as a job (`python reader.py FILE`).

It says what it reads, as SHA-256: of each file that a variable `NAME_FILE` names, read anew at each request, and of
each variable that READS names.
"""

import hashlib
import json
import os
import sys
from pathlib import Path

WANTED = os.environ.get("READS", "").split()


def digest(data):
    return hashlib.sha256(data).hexdigest()


def read():
    files = {name: path for name, path in os.environ.items() if name.endswith("_FILE")}
    found = {name.removesuffix("_FILE"): digest(Path(path).read_bytes()) for name, path in files.items()}
    return found | {name: digest(os.environb[name.encode()]) for name in WANTED}


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    body = json.dumps({"pid": os.getpid(), "read": read()}).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(read()))
