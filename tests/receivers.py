"""Receivers of word, of every temper, on real sockets."""

import contextlib
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "t0k3n-that-nobody-may-see"


class Receiver:
    """A web server that writes down what it is told. `answers` are the next status codes; then 200."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.got = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                status = outer.answers.pop(0) if outer.answers else 200
                if status == 200:
                    outer.got.append({"path": self.path, **body})
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}/hook/{TOKEN}?key=k3y-in-the-query"

    @property
    def titles(self):
        return [one["title"] for one in self.got]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@contextlib.contextmanager
def receiver(*answers):
    one = Receiver(*answers)
    try:
        yield one
    finally:
        one.close()


@contextlib.contextmanager
def silent():
    """The address of one that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/{TOKEN}"


_DEAD = socket.socket()  # bound, so that nobody else gets the port, and never listening


def dead():
    """The address of one that is not there."""
    if not _DEAD.getsockname()[1]:
        _DEAD.bind(("127.0.0.1", 0))
    return f"http://127.0.0.1:{_DEAD.getsockname()[1]}/{TOKEN}"
