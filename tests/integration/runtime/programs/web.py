"""A web server that misbehaves as its environment says.

CHILDREN=N       starts N grandchildren in its own process group
IGNORE_TERM=1    SIGTERM does nothing, neither to it nor to its grandchildren
DIE_ON=N         dies instead of answering request number N
DIE_AFTER=S      dies S seconds after its start
STATUS=NNN       answers everything with that status
BIND=ADDRESS     listens there; default: 127.0.0.1
"""

import http.server
import itertools
import os
import signal
import subprocess
import sys
import threading

seen = itertools.count(1)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if next(seen) == int(os.environ.get("DIE_ON", "0")):
            os._exit(7)
        body = f"{os.getpid()}".encode()
        self.send_response(int(os.environ.get("STATUS", "200")))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if os.environ.get("IGNORE_TERM"):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # inherited by the grandchildren
for _ in range(int(os.environ.get("CHILDREN", "0"))):
    subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(3600)", os.environ["INSTANCE"]])
if "DIE_AFTER" in os.environ:
    threading.Timer(float(os.environ["DIE_AFTER"]), os._exit, (3,)).start()
print("listening", flush=True)
http.server.ThreadingHTTPServer((os.environ.get("BIND", "127.0.0.1"), int(os.environ["PORT"])), Handler).serve_forever()
