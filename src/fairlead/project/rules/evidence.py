"""Rules of what a release is judged by: an analysis that checks nothing is refused, and so is one nobody can pass.

They see each environment as it comes out of the merge, because only there it is known what is judged. What the base
says and an environment made idle is left unused; what stands beside its cause is a mistake.
"""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.project import values
from fairlead.project.problem import Problem, blame, problem
from fairlead.project.resolve import DEFAULT_STEPS
from fairlead.project.tree import Items, Mapping, Node, Scalar, child, children, select, text_of
from fairlead.project.values import Mismatch

DAY = 86400.0
_WINDOW = 600.0


def routes(merged: Mapping, own: Mapping) -> Iterator[Problem]:
    """Only the answers to requests can be shared, mirrored and judged."""
    if any(isinstance(node, Items) and node.items for node in select(merged, "services", "*", "routes")):
        return
    gone, rollout = list(_taken(merged)), child(merged, "rollout")
    strategy, nobody = child(rollout, "strategy"), f"no service has routes in {own.path[-1]}"
    if strategy is not None and text_of(strategy) == "canary":
        place = blame(strategy, *gone)
        yield problem(place, f"canary shares requests out, and {nobody}; add routes, or choose blue-green")
    for key, does in (("judge", "weighs answers"), ("shadow", "mirrors requests")):
        node = child(rollout, key)
        if node is not None and not _unused(node, *gone):
            yield problem(node, f"{key} {does}, and {nobody}; add routes, or remove {key}")


def _taken(merged: Mapping) -> Iterator[Node]:
    """What an environment took the routes of a service away with."""
    for _, service in children(child(merged, "services")):
        if isinstance(service, Mapping):
            yield from (held["routes"] for held in (service.removed, service.items) if "routes" in held)


def judged(merged: Mapping, own: Mapping) -> Iterator[Problem]:
    """A judge needs a while to judge in: canary steps, a watch, a soak or a shadow."""
    rollout = child(merged, "rollout")
    judge, strategy = child(rollout, "judge"), child(rollout, "strategy")
    watch, window, soak = _watch(rollout), child(rollout, "rollback_window"), child(rollout, "soak")
    if judge is None or text_of(strategy) == "canary" or child(rollout, "shadow") is not None:
        return
    lasts = _seconds(soak, 0.0) or _seconds(watch, _seconds(window, _WINDOW))
    if lasts or _unused(judge, watch, window, soak, strategy):
        return
    why = "watch is off" if watch is not None else "rollback_window is 0s"
    named = text_of(strategy) or "blue-green, the default"
    advice = "watch for some minutes, set soak, or choose canary"
    yield problem(judge, f"nothing is ever judged: strategy is {named}, {why} and soak is 0s; {advice}")


def window(merged: Mapping, own: Mapping) -> Iterator[Problem]:
    """The watch goes back by itself, so it ends before the old release does."""
    rollout = child(merged, "rollout")
    watch, window, back = _watch(rollout), child(rollout, "rollback_window"), child(rollout, "watch", "rollback")
    longest = _seconds(window, _WINDOW)
    if watch is None or (isinstance(back, Scalar) and back.value is False) or not _seconds(watch, 0.0) > longest:
        return
    named = text_of(window) or "10m, the default"
    text = f"{text_of(watch)} is longer than rollback_window ({named}), and only a warm old release can take over again"
    yield problem(blame(watch, window), f"{text}; watch for less, lengthen the window, or set rollback: false")


def shadow(merged: Mapping, own: Mapping) -> Iterator[Problem]:
    """A shadow comes to an end."""
    node = child(merged, "rollout", "shadow", "for")
    if node is not None and _seconds(node, 0.0) > DAY:
        yield problem(node, f"{text_of(node)} is longer than a day, and nobody gets the new release before it ends")


def asked(merged: Mapping, own: Mapping) -> Iterator[Problem]:
    """Requests that are declared are sent."""
    requests, rate = child(merged, "rollout", "judge", "probes", "requests"), _rate(merged)
    if isinstance(requests, Items) and requests.items and _silent(rate) and not _unused(requests, rate):
        yield problem(requests, f"never sent, because rate is {text_of(rate)}; raise rate, or remove requests")


def probes_that_pass(merged: Mapping, own: Mapping) -> Iterator[Problem]:
    """`promote-if-probes-pass` has probes that can pass."""
    node, rate = child(merged, "rollout", "judge", "insufficient"), _rate(merged)
    if node is None or text_of(node) != "promote-if-probes-pass":
        return
    if _silent(rate):
        text = f"no probe can pass, because the rate is {text_of(rate)}"
        yield problem(blame(node, rate), f"{text}; raise it, or choose hold")
    elif not any(isinstance(one, Items) and one.items for one in _questions(merged)) and not _health(merged):
        text = "no probe can pass, because there is none to send"
        yield problem(node, f"{text}; add judge.probes.requests, smoke, or a health path to a service with routes")


def _questions(merged: Mapping) -> tuple[Node | None, ...]:
    return child(merged, "rollout", "judge", "probes", "requests"), child(merged, "smoke")


def _health(merged: Mapping) -> bool:
    """Whether a service with routes has a path that says that it is well."""
    for _, service in children(child(merged, "services")):
        health = child(service, "health")
        if child(service, "routes", 0) is not None and (text_of(health) or child(health, "ready") is not None):
            return True
    return False


def time_to_show(merged: Mapping, own: Mapping) -> Iterator[Problem]:
    """Steps that last no time show nothing, and then somebody or something has to be waited for."""
    rollout = child(merged, "rollout")
    steps, policy, hold = child(rollout, "steps"), child(rollout, "judge", "insufficient"), _hold(merged)
    if steps is None or text_of(child(rollout, "strategy")) != "canary" or _length(steps):
        return
    chosen = text_of(policy) or "hold"
    if chosen in ("hold", "extend") and _seconds(hold, 1.0):
        return
    what, advice = f"insufficient is {chosen}", "wait with insufficient: hold"
    if chosen in ("hold", "extend"):
        what, advice = f"hold_for is {text_of(hold)}", "wait with a longer hold_for"
    text = f"all steps last 0s, in which nothing can be shown, and {what}"
    yield problem(blame(steps, policy, hold), f"{text}; give the steps a time, or {advice}")


def _length(steps: Node | None) -> float:
    """How long the steps of a canary are, seconds; an empty list stands for the default ones."""
    if not isinstance(steps, Items) or not steps.items:
        return sum(step.pause for step in DEFAULT_STEPS)
    return sum(_seconds(child(step, "for"), 0.0) for step in steps.items)


def time_to_approve(merged: Mapping, own: Mapping) -> Iterator[Problem]:
    """Who has to approve has the time to."""
    hold = _hold(merged)
    if hold is None or _seconds(hold, 1.0):
        return
    canary = text_of(child(merged, "rollout", "strategy")) == "canary"
    pauses = list(select(merged, "rollout", "steps", "*", "pause")) if canary else []
    wanted = [node for node in (child(own, "approve"), child(merged, "rollout", "approve")) if node is not None]
    asks = [*wanted[:1], *pauses]
    for node in asks:
        if isinstance(node, Scalar) and node.value in (True, "approve"):
            yield problem(blame(hold, node), f"{text_of(hold)} leaves nobody the time to approve; give them some")
            return


def one_approve(merged: Mapping, own: Mapping) -> Iterator[Problem]:
    """An environment says once whether it waits for a person."""
    here, there = child(own, "approve"), child(merged, "rollout", "approve")
    if isinstance(here, Scalar) and isinstance(there, Scalar) and there.overlaid and here.value != there.value:
        yield problem(here, f"{here.text} here, and {there.text} in rollout on line {there.at.line}; keep one of them")


def _watch(rollout: Node | None) -> Node | None:
    """Where it is said how long the watch is."""
    return _long(child(rollout, "watch"), "for")


def _rate(merged: Mapping) -> Node | None:
    return _long(child(merged, "rollout", "judge", "probes"), "rate")


def _hold(merged: Mapping) -> Node | None:
    return child(merged, "rollout", "judge", "hold_for")


def _long(node: Node | None, key: str) -> Node | None:
    return node if text_of(node) is not None else child(node, key)


def _silent(rate: Node | None) -> bool:
    text = text_of(rate)
    return text is not None and (text == "off" or text.startswith("0/"))


def _seconds(node: Node | None, default: float) -> float:
    """What a duration says; the default where there is none, or one whose shape is wrong."""
    text = text_of(node)
    try:
        return default if text is None else values.watched(text)
    except Mismatch:
        return default


def _unused(node: Node, *causes: Node | None) -> bool:
    """Whether an environment made idle what the base says."""
    return not node.overlaid and any(cause is not None and cause.overlaid for cause in causes)


RULES = (routes, judged, window, shadow, asked, probes_that_pass, time_to_show, time_to_approve, one_approve)
