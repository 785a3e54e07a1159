"""Receivers of every temper, on real sockets; and a ledger with rollouts in it, as the engine writes them."""

import contextlib
import email
import email.policy
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.controller import Controller
from running import free_port

from fairlead.ledger import Ledger
from fairlead.operations.notify.address import keep
from fairlead.project.stack import Notify

EVERYTHING = ("started", "waiting", "promoted", "failed", "rolled-back", "recovered")
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


def dead():
    """The address of one that is not there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/{TOKEN}"


@contextlib.contextmanager
def mailbox():
    """A mail server: what it took, as (to whom, mail), and its host and port."""
    took = []

    class Box:
        async def handle_DATA(self, server, session, envelope):
            took.append((envelope.rcpt_tos, email.message_from_bytes(envelope.content, policy=email.policy.default)))
            return "250 taken"

    controller = Controller(Box(), hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        yield took, f"127.0.0.1:{controller.port}"
    finally:
        controller.stop()


def tell(place, on=EVERYTHING, kind="webhook", **addresses):
    """Have these told, by the variable that holds the address: `tell(place, HOOK="http://…")`."""
    notify = tuple(Notify(kind, name, tuple(on)) for name in addresses)
    with Ledger.open(place.ledger) as ledger:
        keep(place, notify, ledger.head().size, addresses)


def rollouts(place, *results, operation="deploy", reason="the smoke test failed"):
    """Append rollouts with these results: live or undone."""
    with Ledger.open(place.ledger) as ledger:
        for result in results:
            number = ledger.next_rollout()
            facts = {"release": f"{number:012x}", "previous": None, "operation": operation, "strategy": "blue-green"}
            origin = {"user": "ada", "host": "machine", "ci": None, "git": None}
            ledger.append("rollout.begun", {**facts, "origin": origin, "why": "", "plan": []}, number)
            more = {"seconds": 1.5, "report": {"requests": 7, "lost": 0, "application_errors": 1}}
            more = more if result == "live" else {"reason": reason, "incomplete": []}
            ledger.append("rollout.closed", {"result": result, **more}, number)
