"""`fairlead status`: what is live, how it is, who gets the traffic."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from fairlead.cli.session import Session, bold, dim, green, red, yellow
from fairlead.cli.text import ago, at, duration, table, url
from fairlead.cli.verb import environment, verb

if TYPE_CHECKING:
    from fairlead.operations.status import Copy, Status
    from fairlead.operations.stores.look import StoreState
    from fairlead.operations.under_way import UnderWay
    from fairlead.rollout.state import State

PHASES = {"running": green, "starting": yellow, "stopped": dim, "survivor": yellow}


@verb("fairlead status", "fairlead status production --json", "fairlead status production --testers", name="status")
@environment(required=False)
@click.option("--testers", is_flag=True, help="Also the secret header and cookie that reach a release before users do.")
def command(session: Session, environment: str | None, testers: bool) -> None:
    """Show ENV, or every environment of the project: the live release, its instances, who gets the traffic.

    What it should be is read from the ledger; what it is, from the instances and the edge themselves.
    """
    from fairlead.operations import status as operation  # noqa: PLC0415 — start-up is part of the product

    project, known = session.peek()
    places = [session.place(name) for name in ([environment] if environment else known)]
    found = [operation.status(place) for place in places]
    doors = [operation.testers(place) if testers else None for place in places]
    each = [operation.to_data(one) | ({} if door is None else {"testers": door})
            for one, door in zip(found, doors, strict=True)]  # fmt: skip
    texts = [shown(one) + _doors(door) for one, door in zip(found, doors, strict=True)] if not session.json else []
    session.answer({"project": project, "environments": each}, "\n\n".join(texts))


def _doors(door: dict[str, dict[str, str]] | None) -> str:
    """For testers; nothing when it was not asked for."""
    if door is None:
        return ""
    if not door:
        return "\n  testers: there is no release beside the live one"
    rows = [(release, f"{name}: {value}") for release, one in door.items() for name, value in one.items()]
    return f"\n  {yellow('testers reach, by either; keep these to yourself:')}\n{table(rows, indent=4)}"


def shown(found: Status) -> str:
    """For a person."""
    title = bold(f"{found.project}/{found.environment}")
    state = found.state
    if state is None:
        return f"{title}  nothing was ever deployed; `fairlead deploy {found.environment}`"
    lines = [f"{title}  {_live(found, state)}"]
    if state.stopped:
        lines.append(yellow(f"  stopped; `fairlead up {found.environment}` brings it back"))
    above = (_under_way(found), *_rolled_out(found.rollout), *_watched(found, state))
    lines += [f"  {line}" for line in (*above, _traffic(found), _parts(found)) if line]
    lines += [f"  warm: {release} for another {duration(state.left(release))}" for release in state.warm_now()]
    if found.contract:
        lines.append(f"  waits until the old release is gone: {', '.join(found.contract.files)}")
    new = found.rollout.release if found.rollout and not found.rollout.ended else None
    rows = [_row(copy, state, new) for copy in found.copies]
    lines += [table(rows, ("instance", "phase", "port", "restarts", "up", ""), indent=2)] if rows else []
    rows = [
        (one.running.name, one.running.store.kind, _phase(one), _backups(found, one.running.name))
        for one in found.stores
    ]
    known = {one.running.name for one in found.stores}
    rows += [(name, "", "", _backups(found, name)) for name in found.backups if name not in known]
    lines += [table(rows, ("store", "kind", "", ""), indent=2)] if rows else []
    lines += [f"  {red('!')} {problem}" for problem in found.problems]
    if found.startup is False:
        lines.append(yellow("  it stays away when this machine starts anew; `fairlead startup install`"))
    return "\n".join(lines)


def _phase(one: StoreState) -> str:
    return green("well") if one.well else yellow(one.running.phase)


def _backups(found: Status, name: str) -> str:
    """How old the last good ones are."""
    ages = found.backups.get(name)
    if ages is None:
        return ""
    backup = yellow("no backup") if ages.backup is None else f"backup {duration(ages.backup)} old"
    return backup if ages.drill is None else f"{backup}, restored {duration(ages.drill)} ago"


def _live(found: Status, state: State) -> str:
    if state.live is None:
        return "nothing is live"
    text = f"{bold(state.live)} is live"
    if found.live:
        origin = found.live.origin
        by = f"by itself, told by the {found.live.automatic}" if found.live.automatic else who(origin)
        text += f", by {found.live.operation} {ago(found.live.time)}" + (f", {by}" if by else "")
        text += f"\n  {what(origin, found.live.why)}" if what(origin, found.live.why) else ""
    return text


def who(origin: dict[str, object]) -> str:
    """The person or CI job."""
    ci = origin.get("ci")
    if isinstance(ci, dict):
        return " ".join(str(part) for part in (ci.get("name"), ci.get("job"), ci.get("user")) if part)
    return f"{origin['user']}@{origin['host']}" if origin.get("user") else ""


def what(origin: dict[str, object], why: str = "") -> str:
    """The commit, and the reason that was given."""
    git = origin.get("git")
    parts = [f'"{why.splitlines()[0]}"'] if why else []
    if isinstance(git, dict):
        branch = f" on {git['branch']}" if git.get("branch") else ""
        dirty = " with changes" if git.get("dirty") else ""
        parts.append(f"commit {str(git['commit'])[:10]}{branch}{dirty}: {git.get('subject', '')}")
    return ", ".join(parts)


def _under_way(found: Status) -> str:
    if found.holder:
        return yellow(f"{found.unfinished or 'held'}: {found.holder}")
    return ""


def _rolled_out(rollout: UnderWay | None) -> Iterator[str]:
    """What it does or who is waited for, and what can be said to it."""
    if rollout is None or rollout.ended:
        return
    if rollout.waiting:
        users = f"{rollout.weight} % of the requests" if rollout.weight else "no user"
        yield yellow(f"rollout {rollout.rollout} to {rollout.release} waits for a person since {at(rollout.since)}")
        yield f"  for: {rollout.waiting.removeprefix(f'{rollout.release} waits for a person').lstrip(': ')}"
        yield f"  it has {users}; nobody carries it, and the keeper watches it"
    else:
        yield f"  told: {rollout.paused}" if rollout.paused else f"  now: {rollout.step}"
        if rollout.said:
            yield f"  verdict: {rollout.said.verdict.text}"
    yield from table([(line, dim(what)) for line, what in rollout.acts()], indent=4).splitlines()


def _watched(found: Status, state: State) -> Iterator[str]:
    """The time after the switch."""
    if state.watched is None:
        return
    left = state.watched.left()
    still = f"for another {duration(left)}" if left > 0 else "until the keeper has said what came of it"
    then = "it goes back by itself" if state.watched.rollback else "people are told"
    yield f"{state.watched.release} is watched {still}: when it turns out to be bad {then}"
    if found.watched:
        yield f"  verdict: {found.watched.verdict.text}"


def _traffic(found: Status) -> str:
    if not found.traffic:
        return ""
    by_route = {
        route: ", ".join(f"{to} {share} %" for to, share in one.items()) for route, one in found.traffic.items()
    }
    where = f" at {url(*found.address, found.scheme)}" if found.address else ""
    if len(set(by_route.values())) == 1:
        return f"traffic{where}: {next(iter(by_route.values()))}"
    return f"traffic{where}: " + "; ".join(f"{route} → {shares}" for route, shares in by_route.items())


def _parts(found: Status) -> str:
    if found.state is None or found.state.stopped:
        return ""
    return ", ".join(f"{part} {green('up') if up else red('down')}" for part, up in found.parts.items())


def _row(copy: Copy, state: State, new: str | None) -> tuple[str, ...]:
    one = copy.instance
    phase = red(one.phase) if copy.looping else PHASES.get(one.phase, yellow)(one.phase)
    uptime = duration(copy.uptime) if copy.uptime is not None else "-"
    restarts = yellow(str(copy.restarts)) if copy.restarts else "0"
    marks = dict.fromkeys(state.warm_now(), dim("warm")) | {new: yellow("new"), state.live: "live"}
    return one.id, phase, str(one.port or "-"), restarts, uptime, marks.get(one.release, dim("leaving"))
