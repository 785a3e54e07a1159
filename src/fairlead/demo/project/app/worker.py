"""The worker: the same release as the web application, another command. It has no port, so two never run at once."""

from __future__ import annotations

import logging
import signal
import threading
from pathlib import Path

VERSION = Path(__file__).with_name("VERSION").read_text().strip()

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
ended = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: ended.set())

logging.info("worker of version %s at work", VERSION)
while not ended.wait(timeout=5):
    logging.info("worker of version %s: nothing to do", VERSION)
logging.info("worker of version %s done", VERSION)
