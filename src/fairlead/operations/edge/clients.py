"""Trials of what is counted by client. The load is bounded: what would take more is not tried, and said."""

from __future__ import annotations

import base64
import contextlib
import math
import secrets
import socket
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address, ip_network

from fairlead.operations.edge.trial import REFUSED, Probe, Result
from fairlead.operations.edge.wire import status_of
from fairlead.project.stack_edge import Limit
from fairlead.system.clock import wait_until

MOST_REQUESTS = 500  #: in one trial
MOST_OPEN = 200  #: connections at one time
AT_ONCE = 16
LONGEST = 15.0  #: seconds that a limit is waited for
EXTRA = 2  #: requests more than there may be at one time
HELD = 1.5  #: seconds by which one that is refused has been answered
UNFINISHED = {"Content-Length": "1"}
"""Of a request that says so and sends nothing the edge does not end: it waits for the rest, whatever the answer is."""


def limit(probe: Probe) -> Iterator[Result]:
    """More than the burst is refused, no forged address helps, and it is over when the time has passed."""
    found = probe.route.policies.limit
    if found is None or probe.route.redirect:
        return
    rate = found.requests / found.seconds
    count = found.burst + math.ceil(rate) + 10
    if count > MOST_REQUESTS:
        yield probe.untested("limit", f"it takes {count} requests; at most {MOST_REQUESTS} are sent")
        return
    result = _many(probe, "limit", found, count, forged=False)
    yield result
    if result.outcome == "passed":
        yield _address(probe, found, count)
        yield _recovery(probe, found)


def _many(probe: Probe, policy: str, found: Limit, count: int, forged: bool) -> Result:
    """Of so many requests no more pass than may; with a forged address each is to be another client's."""

    def status(number: int) -> int:
        address = f"203.0.113.{number % 250 + 1}"
        return probe.ask(headers={"X-Forwarded-For": address, "X-Real-Ip": address} if forged else {}).status

    begun = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        statuses = Counter(pool.map(status, range(count)))
    seconds = time.monotonic() - begun
    refused = statuses[REFUSED]
    most = found.burst + math.ceil(seconds * found.requests / found.seconds) + 1
    said = f"{count - refused} of {count} requests in {seconds:.1f} s passed, at most {most} may; {refused} were 429"
    if count <= most and not refused:
        return probe.untested(policy, f"{count} requests took {seconds:.1f} s, too long to be too many")
    return probe.judged(policy, bool(refused) and count - refused <= most and not statuses[0], said)


def _address(probe: Probe, found: Limit, count: int) -> Result:
    if _trusted(probe):
        return probe.untested("client address", f"{probe.wire.address} is one of the trusted proxies")
    return _many(probe, "client address", found, count, forged=True)


def _trusted(probe: Probe) -> bool:
    """Whether the edge believes this machine."""
    with contextlib.closing(probe.wire.connect(probe.route.host)) as link:
        own = ip_address(link.getsockname()[0])
    return any(own in ip_network(one) for one in probe.edge.trusted_proxies)


def _recovery(probe: Probe, found: Limit) -> Result:
    wait = found.seconds / found.requests
    if wait > LONGEST:
        return probe.untested("limit is over", f"that takes {wait:g} s")
    begun = time.monotonic()
    over = wait_until(lambda: probe.ask().status not in (0, REFUSED), 2 * wait + 5, most=max(0.05, wait / 4))
    return probe.judged("limit is over", over, f"answered again after {time.monotonic() - begun:.1f} s")


def connections(probe: Probe) -> Iterator[Result]:
    """One more than there may be is refused; when they have ended it is not."""
    most = probe.route.policies.connections
    if not most or probe.route.redirect:
        return
    if why := _too_many(probe, most):
        yield probe.untested("connections", why)
        return
    with contextlib.ExitStack() as stack:
        links = [_unfinished(probe, stack) for _ in range(most + EXTRA)]
        with ThreadPoolExecutor(len(links)) as pool:
            refused = Counter(pool.map(status_of, links))[REFUSED]
    said = f"of {most + EXTRA} requests at one time {refused} were 429"
    yield probe.used_up("connections", refused == EXTRA, said, [REFUSED] if refused > EXTRA else [])
    over = wait_until(lambda: probe.ask().status not in (0, REFUSED), 5.0)
    yield probe.judged("connections are free", over, "answered again" if over else "still 429 after 5 s")


def _unfinished(probe: Probe, stack: contextlib.ExitStack) -> socket.socket:
    link = probe.wire.begin(probe.route.path, probe.route.host, UNFINISHED)
    stack.enter_context(contextlib.closing(link))
    link.settimeout(HELD)
    return link


def _too_many(probe: Probe, most: int) -> str:
    """Why so many are not opened; empty: they are."""
    found = probe.route.policies.limit
    if most > MOST_OPEN:
        return f"it takes {most} open requests; at most {MOST_OPEN} are made"
    if found and found.burst < most + EXTRA + 3:
        return f"the limit of the route refuses {most + EXTRA} requests first"
    return ""


def websockets(probe: Probe) -> Iterator[Result]:
    """One opens where the application has one; and one more than there may be does not."""
    most = probe.route.policies.websockets
    if probe.route.redirect:
        return
    with contextlib.ExitStack() as stack:
        first, link = _opened(probe)
        stack.enter_context(contextlib.closing(link))
        if first != 101:
            if most:
                why = f"{probe.route.path} is no WebSocket: it answers {first}"
                yield probe.untested("websockets", why)
            return
        yield probe.passed("websocket", "opened")
        yield from _more(probe, most, stack)


def _more(probe: Probe, most: int, stack: contextlib.ExitStack) -> Iterator[Result]:
    if not most:
        return
    if why := _too_many(probe, most):
        yield probe.untested("websockets", why)
        return
    statuses = []
    for _ in range(most):
        status, link = _opened(probe)
        stack.enter_context(contextlib.closing(link))
        statuses.append(status)
    good = statuses == [101] * (most - 1) + [REFUSED]
    said = f"beside {most} another is answered {statuses[-1]}"
    yield probe.used_up("websockets", good, said, statuses[:-1])


def _opened(probe: Probe) -> tuple[int, socket.socket]:
    key = base64.b64encode(secrets.token_bytes(16)).decode()
    sent = {
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": key,
    }  # fmt: skip
    link = probe.wire.begin(probe.route.path, probe.route.host, sent)
    return status_of(link), link
