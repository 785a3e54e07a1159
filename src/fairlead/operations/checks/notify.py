"""Checks of `notify`: could those who are to be told be told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fairlead.errors import FairleadError
from fairlead.operations.check import Check, failed, ok, warning
from fairlead.operations.notify.address import Receiver, apprise_url, receivers, wanted
from fairlead.operations.notify.send import EXTRA, installed
from fairlead.project.stack import Stack
from fairlead.system.home import Place


def examine(stack: Stack, place: Place, environ: Mapping[str, str] | None = None) -> Iterator[Check]:
    """One check for each receiver. An address that is missing is a warning: word is not worth a deployment."""
    if not stack.notify:
        return
    if not installed():
        yield failed("notify", "the libraries that send messages are not installed", EXTRA)
        return
    kept = {one.id: one for one in _kept(place)}
    for one in wanted(stack.notify, environ):
        yield _receiver(one, kept.get(one.id))


def _kept(place: Place) -> tuple[Receiver, ...]:
    try:
        return receivers(place)
    except FairleadError:
        return ()  # damaged; this deployment writes it anew


def _receiver(one: Receiver, before: Receiver | None) -> Check:
    try:
        if one.address is None and before is not None and before.address is not None:
            apprise_url(before)
            return ok("notify", f"{one.name}: not set here; the address of the last deployment stays")
        apprise_url(one)
    except FairleadError as error:
        return warning("notify", f"{error.message}: {one.to} is not told of {', '.join(one.on)}", error.hint or "")
    return ok("notify", f"{one.name} is told of {', '.join(one.on)}")
