"""An application that reads secrets, for `lean.py` or as a job (`python reader.py FILE`).

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


def answer(_path, _query):
    return 200, json.dumps({"pid": os.getpid(), "read": read()}).encode()


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(read()))
