"""Checks of certificates: could the edge serve https with them, and for how long yet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec

from fairlead.errors import FairleadError
from fairlead.operations.certificates import given, in_force, uncovered
from fairlead.operations.check import Check, failed, ok, warning
from fairlead.operations.secrets.supply import Supply

SOON = timedelta(days=30)  #: one that ends within this time is a finding
EXTRA = "pip install 'fairlead[https]'"


def examine(supply: Supply) -> Iterator[Check]:
    """Nothing without https."""
    if not supply.stack.edge.https:
        return
    if find_spec("cryptography") is None:
        yield failed("certificates", "the library for certificates is not installed", EXTRA)
        return
    yield from _given(supply) if supply.stack.edge.certificates else _own(supply)


def _given(supply: Supply) -> Iterator[Check]:
    try:
        found = given(supply)
    except FairleadError as error:
        yield failed("certificates", error.message, error.hint or "")
        return
    if missing := uncovered(found, supply.stack):
        hint = "give one that has these names, or leave edge.certificates out"
        yield failed("certificates", f"none of those given is for {', '.join(missing)}", hint)
        return
    for one in found:
        yield _ending(one.names, one.not_after)


def _own(supply: Supply) -> Iterator[Check]:
    for one in in_force(supply.place):
        yield _ending(one.names, one.until)


def _ending(names: tuple[str, ...], until: datetime) -> Check:
    left, name = until - datetime.now(UTC), names[0]
    if left < SOON:
        what = f"that of {name} ends on {until:%Y-%m-%d}, in {max(0, left.days)} days"
        return warning("certificates", what, "give a newer one, then: fairlead certs renew")
    return ok("certificates", f"that of {name} is valid until {until:%Y-%m-%d}")
