"""Real servers with the sample applications, each on a free port, each ended by its own process id."""

import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
APPS = ROOT / "tests" / "apps"
PYTHON = [sys.executable, "-m"]
COMMANDS = {
    "uvicorn": [*PYTHON, "uvicorn", "asgi:app", "--host", "127.0.0.1", "--port", "{port}", "--log-level", "warning"],
    "gunicorn-sync": [*PYTHON, "gunicorn", "wsgi:app", "--bind", "127.0.0.1:{port}", "--workers", "8"],
    "gunicorn-gthread": [*PYTHON, "gunicorn", "wsgi:app", "--bind", "127.0.0.1:{port}", "--threads", "16"],
    "node": ["node", "server.js"],
    "lean": [sys.executable, "lean.py", "127.0.0.1", "{port}"],
}
for name in ("gunicorn-sync", "gunicorn-gthread"):
    COMMANDS[name] += ["--no-control-socket", "--log-level", "warning"]


def get(url, timeout=60):
    """Status, headers and body, whatever the status; OSError when there is no answer."""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


@dataclass
class Server:
    url: str
    process: subprocess.Popen

    def signal(self, number):
        self.process.send_signal(number)

    def wait_ready(self, path="/health"):
        until = time.monotonic() + 180
        while True:
            assert self.process.poll() is None, f"it ended with {self.process.returncode}"
            try:
                if get(self.url + path, timeout=30)[0] == 200:
                    return self
            except OSError:
                pass
            assert time.monotonic() < until, "not ready in 180 s"
            time.sleep(0.05)
