"""Trials of what is done with single requests and their answers. Nothing that they send changes anything."""

from __future__ import annotations

import gzip
import secrets
import zlib
from collections.abc import Iterator
from dataclasses import replace

from fairlead.operations.edge.trial import Probe, Result, came
from fairlead.system.http import Answer

LEAST = 1024  #: bytes; a smaller answer is not compressed
SENT_AT_MOST = 2**20  #: bytes of a body that are really sent
AT_ONCE = 3.0  #: seconds: what is refused is refused without a look at the rest
HSTS = "Strict-Transport-Security"


def headers(probe: Probe) -> Iterator[Result]:
    """Each with its exact value; HSTS over https, and not over http."""
    policies = probe.route.policies
    if not policies.headers and not policies.hsts:
        return
    wanted: dict[str, str | None] = dict(policies.headers)
    if policies.hsts and HSTS not in wanted:
        wanted[HSTS] = f"max-age={policies.hsts}; includeSubDomains" if probe.wire.tls else None
    answer = probe.ask()
    wrong = [
        f"{name}: {value or 'nothing'} expected, got {answer.headers.get(name.lower(), 'nothing')}"
        for name, value in wanted.items()
        if answer.headers.get(name.lower()) != value
    ]
    good = bool(answer.status) and not wrong
    said = f"{len(wanted)} as declared" if good else "; ".join(wrong) if answer.status else came(answer)
    yield probe.judged("headers", good, said)


def compress(probe: Probe) -> Iterator[Result]:
    """An answer that is large enough comes smaller."""
    if not probe.route.policies.compress or probe.route.redirect:
        return
    plain, packed = probe.ask(), probe.ask(headers={"Accept-Encoding": "gzip"})
    encoding = packed.headers.get("content-encoding")
    if encoding == "gzip":
        whole = _unpacked(packed)
        same = whole is not None and (whole == plain.body or plain.status != packed.status)
        detail = f"{len(plain.body)} bytes as {len(packed.body)}"
        yield probe.judged("compress", whole is not None, detail if same else f"{detail}; each answer is another one")
    elif not plain.ok or len(plain.body) < LEAST:
        why = f"{probe.route.path} answers {came(plain)} with {len(plain.body)} bytes; it takes {LEAST}"
        yield probe.untested("compress", why)
    else:
        yield probe.failed("compress", f"{len(plain.body)} bytes came as they are")


def _unpacked(answer: Answer) -> bytes | None:
    try:
        return gzip.decompress(answer.body)
    except (OSError, EOFError, zlib.error):
        return None


def body(probe: Probe) -> Iterator[Result]:
    """One that is announced as too large is refused before any of it is sent; it never comes to the application."""
    most = probe.route.policies.body
    if not most or probe.route.redirect:
        return
    answer = _post(probe, {"Content-Length": str(most + 1)})
    said = f"{most + 1} bytes announced: {came(answer)}"
    yield probe.used_up("body", answer.status == 413, said, [answer.status])
    if most >= SENT_AT_MOST:
        yield probe.untested("body in chunks", f"{most + 1} bytes would have to be sent")
        return
    piece = b"%x\r\n" % (most + 1) + b"x" * (most + 1) + b"\r\n0\r\n\r\n"
    answer = _post(probe, {"Transfer-Encoding": "chunked"}, piece)
    said = f"{most + 1} bytes sent: {came(answer)}"
    yield probe.used_up("body in chunks", answer.status == 413, said, [answer.status])


def _post(probe: Probe, sent: dict[str, str], *pieces: bytes) -> Answer:
    wire = replace(probe.wire, patience=AT_ONCE)
    return wire.send(probe.route.path, probe.route.host, "POST", sent, pieces)


def redirect(probe: Probe) -> Iterator[Result]:
    """With what follows the prefix, and the query."""
    found = probe.route.redirect
    if found is None:
        return
    answer = probe.ask("edge-test?a=1")
    wanted = 301 if found.permanent else 302
    to = f"{found.to.rstrip('/')}/edge-test?a=1"
    place = answer.headers.get("location", "")
    good = answer.status == wanted and place == to
    yield probe.judged("redirect", good, f"{wanted} to {to}" if good else f"{came(answer)} to {place or 'nowhere'}")


def fallback(probe: Probe) -> Iterator[Result]:
    """For a page that is not there, and for nothing else."""
    if probe.route.fallback is None or probe.route.redirect:
        return
    path = f"edge-test-{secrets.token_hex(6)}"
    page, file = probe.ask(path, {"Accept": "text/html"}), probe.ask(path, {"Accept": "application/json"})
    if file.status != 404:
        yield probe.untested("fallback", f"the service answers {came(file)} itself where there is nothing")
        return
    detail = f"a page that is not there: {came(page)}, a file: {came(file)}"
    yield probe.used_up("fallback", page.status == 200, detail, [page.status])


def rewrite(probe: Probe) -> Iterator[Result]:
    """Nothing outside sees it."""
    if probe.route.rewrite is not None:
        yield probe.untested("rewrite", "only the service sees which path it gets")


def timeout(probe: Probe) -> Iterator[Result]:
    """Nothing of an application is known to take so long."""
    if probe.route.policies.timeout:
        why = f"it takes a request that is not answered for {probe.route.policies.timeout:g} s"
        yield probe.untested("timeout", why)
