"""An application that spills its secrets, for `lean.py` or as a job (`python leaky.py`).

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


def answer(path, _query):
    if SPILL == "health" and path == "/health":
        return 500, " ".join(secrets()).encode()
    return 200, b"fine\n"
