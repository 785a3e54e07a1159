"""An application that spills its secrets, for uvicorn (`uvicorn leaky:app`) or as a job (`python leaky.py`).

SPILL says how: `log` into its log, at its start; `crash` too, and then it ends; `health` in the answer to a health
check that fails; anything else not at all.
"""

import base64
import os
import sys
from pathlib import Path
from urllib.parse import quote

SPILL = os.environ.get("SPILL", "")


def secrets():
    found = [Path(path).read_text() for name, path in os.environ.items() if name.endswith("_FILE")]
    return found + [os.environ[name] for name in os.environ.get("READS", "").split()]


def spill():
    for value in secrets():
        coded = base64.b64encode(f"user:{value}".encode()).decode()
        sys.stdout.write(f"value {value} in base64 {coded} in a URL {quote(value, safe='')}\n")
    sys.stdout.flush()


if SPILL in ("log", "crash"):
    spill()
if SPILL == "crash":
    sys.exit(3)


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    sick = SPILL == "health" and scope["path"] == "/health"
    body = " ".join(secrets()).encode() if sick else b"fine\n"
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 500 if sick else 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
