"""A worker: one line "TIME VERSION PID" in $WORKER_LOG each 0.2 s, 0 at SIGTERM. Shows that two never overlap.

TIME is Unix time in seconds. One write for each line, in append mode: lines of several workers never mix.
"""

import os
import signal
import sys
import time

VERSION = os.environ.get("VERSION", "1")
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))

log = os.open(os.environ["WORKER_LOG"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
while True:
    os.write(log, f"{time.time():.3f} {VERSION} {os.getpid()}\n".encode())
    time.sleep(0.2)
