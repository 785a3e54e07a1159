"""What the live release answered lately, from the samples of its counters; see `samples`."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from fairlead.rollout.evidence.growth import Growth, grown, pool_name
from fairlead.rollout.evidence.samples import Sample, file_of, read
from fairlead.rollout.verdict.evidence import History
from fairlead.system.clock import now
from fairlead.system.home import Place

DAY = 86400.0
HOUR = 3600.0


def history(place: Place, release: str, services: Iterable[str], over: float | None, lately: float = DAY) -> History:
    """What a release answered in the last `lately` seconds while it was live and nothing was being rolled out.

    Where the edge was restarted, or a count went back, that part is left out; so is what an edge counted by other
    buckets than it does now. Nothing known is an empty History.
    """
    moment = now().timestamp()
    samples = [one for one in read(file_of(place)) if one.release == release and moment - one.at < lately]
    bounds = next((one.counters.bounds for one in reversed(samples) if one.counters.bounds), ())
    names = {service: pool_name(service, release) for service in services}
    total, seconds = dict.fromkeys(names, Growth()), 0.0
    for before, after in pairwise(samples):
        found = _between(before, after, names, bounds)
        if found is not None:
            seconds += after.boot - before.boot
            total = {service: known + found[service] for service, known in total.items()}
    if not seconds:
        return History()
    return History({service: known.side(bounds, over) for service, known in total.items()}, seconds)


def _between(
    before: Sample, after: Sample, names: dict[str, str], bounds: tuple[float, ...]
) -> dict[str, Growth] | None:
    """By service; None where the two say nothing of it."""
    if not after.follows(before) or {before.counters.bounds, after.counters.bounds} - {(), bounds}:
        return None
    try:
        return {service: grown(before.counters, after.counters, pool) for service, pool in names.items()}
    except ValueError:
        return None


def per_minute(place: Place, services: Iterable[str], lately: float = HOUR) -> dict[str, float]:
    """Requests a minute of each service, whichever release was live; empty where nothing is known.

    Of the last `lately` seconds there are samples of: after a quiet night of no keeper, what was before.
    """
    found = dict.fromkeys(services, 0)
    seconds = 0.0
    for after, before in pairwise(reversed(read(file_of(place)))):
        names = {service: pool_name(service, after.release) for service in found}
        bounds = after.counters.bounds or before.counters.bounds
        growth = _between(before, after, names, bounds)
        if growth is not None:
            seconds += after.boot - before.boot
            found = {service: known + growth[service].requests for service, known in found.items()}
        if seconds >= lately:
            break
    return {service: count / seconds * 60 for service, count in found.items()} if seconds else {}
