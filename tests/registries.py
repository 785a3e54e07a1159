"""Registries for tests: a real one (Debian's docker-registry) on loopback, and one in between that misbehaves."""

import contextlib
import http.client
import http.server
import socket
import subprocess
import threading
import uuid
from pathlib import Path

from fairlead.demo.sandbox import free_port
from fairlead.system.clock import wait_until

CONFIG = """\
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {root}}}, delete: {{enabled: true}}}}
http: {{addr: "127.0.0.1:{port}"}}
{auth}
"""
AUTH = "auth: {{htpasswd: {{realm: test, path: {file}}}}}"
USER, PASSWORD = "bot", "geheim-und-lang"
HTPASSWD = (
    "bot:$2y$05$abcdefghijklmnopqrstuuX6dYWa/hnIzp3mfF8QC84FCiURQgksq\n"  #: of them: the registry knows bcrypt alone
)


@contextlib.contextmanager
def registry(folder: Path, htpasswd: str = ""):
    """A real registry; gives `127.0.0.1:PORT`. `htpasswd`: lines `user:hash`."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    auth = ""
    if htpasswd:
        (folder / "htpasswd").write_text(htpasswd)
        auth = AUTH.format(file=folder / "htpasswd")
    (folder / "config.yml").write_text(CONFIG.format(root=folder / "data", port=port, auth=auth))
    log = (folder / "log").open("wb")
    program = subprocess.Popen(["docker-registry", "serve", folder / "config.yml"], stdout=log, stderr=log)
    try:
        assert wait_until(lambda: _listens(port), 90), (folder / "log").read_text()
        yield f"127.0.0.1:{port}"
    finally:
        program.terminate()
        program.wait()
        log.close()


def _listens(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


class Between(http.server.ThreadingHTTPServer):
    """In front of a registry: passes requests on but for those that `act` answers.

    `act(method, path, count)` gives a status to answer with, "hang", "cut", or None to pass it on; `count` is how often
    that method and path were asked before.
    """

    daemon_threads = True

    def __init__(self, behind, act):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind, self.act, self.seen = behind, act, []
        self.ending = threading.Event()

    @property
    def address(self):
        return f"127.0.0.1:{self.server_port}"


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Quiet."""

    def _handle(self):
        path = self.path.partition("?")[0]
        before = sum(one == (self.command, path) for one in self.server.seen)
        self.server.seen.append((self.command, path))
        what = self.server.act(self.command, path, before)
        if what == "hang":
            self.server.ending.wait(60)
            self.close_connection = True
        elif what == "cut":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        elif what:
            self._answer(what, {"Content-Type": "text/plain"}, b"said the test")
        else:
            self._pass_on()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _handle

    def _pass_on(self):
        body = self._body()
        ask = http.client.HTTPConnection(self.server.behind, timeout=20)
        names = {key for key in self.headers if key.lower() != "transfer-encoding"}
        headers = {key: ", ".join(self.headers.get_all(key)) for key in names}  # an Accept for each kind of manifest
        if body is not None:
            headers["Content-Length"] = str(len(body))
        ask.request(self.command, self.path, body, headers)
        answer = ask.getresponse()
        self._answer(answer.status, dict(answer.getheaders()), answer.read())
        ask.close()

    def _body(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        length = self.headers.get("Content-Length")
        return self.rfile.read(int(length)) if length else None

    def _answer(self, status, headers, body):
        self.send_response(status)
        for key, value in headers.items():
            if key.lower() not in ("transfer-encoding", "connection", "date", "server"):
                self.send_header(key, value)
        if self.command != "HEAD" and "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@contextlib.contextmanager
def between(behind, act):
    """A `Between` that runs."""
    with Between(behind, act) as one:
        thread = threading.Thread(target=one.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield one
        finally:
            one.ending.set()
            one.shutdown()
            thread.join()


def unique(name="fairlead-test"):
    """A name that no other test has."""
    return f"{name}-{uuid.uuid4().hex[:10]}"
