"""A mail server, and a ledger with rollouts in it, as the engine writes them."""

import contextlib
import email
import email.policy

from aiosmtpd.controller import Controller
from running import free_port

from fairlead.ledger import Ledger
from fairlead.operations.notify.address import keep
from fairlead.project.stack import Notify

EVERYTHING = ("started", "waiting", "promoted", "failed", "rolled-back", "recovered")


@contextlib.contextmanager
def mailbox():
    """A mail server: what it took, as (to whom, mail), and its host and port."""
    took = []

    class Box:
        async def handle_DATA(self, server, session, envelope):
            took.append((envelope.rcpt_tos, email.message_from_bytes(envelope.content, policy=email.policy.default)))
            return "250 taken"

    controller = Controller(Box(), hostname="127.0.0.1", port=free_port(), ready_timeout=90)
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
