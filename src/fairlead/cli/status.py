"""`fairlead status`: what is live, how it is, who gets the traffic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairlead.cli.session import Session, bold, dim, green, red, yellow
from fairlead.cli.text import ago, duration, table, url
from fairlead.cli.verb import environment, verb

if TYPE_CHECKING:
    from fairlead.operations.status import Copy, Status
    from fairlead.rollout.state import State

PHASES = {"running": green, "starting": yellow, "stopped": dim, "survivor": yellow}


@verb("fairlead status", "fairlead status production --json", name="status")
@environment(required=False)
def command(session: Session, environment: str | None) -> None:
    """Show ENV, or every environment of the project: the live release, its instances, who gets the traffic.

    What it should be is read from the ledger; what it is, from the instances and the edge themselves.
    """
    from fairlead.operations.status import status, to_data  # noqa: PLC0415 — start-up is part of the product

    project, known = session.peek()
    found = [status(session.place(name)) for name in ([environment] if environment else known)]
    data = {"project": project, "environments": [to_data(one) for one in found]}
    session.answer(data, "\n\n".join(shown(one) for one in found) if not session.json else "")


def shown(found: Status) -> str:
    """For a person."""
    title = bold(f"{found.project}/{found.environment}")
    state = found.state
    if state is None:
        return f"{title}  nothing was ever deployed; `fairlead deploy {found.environment}`"
    lines = [f"{title}  {_live(found, state)}"]
    if state.stopped:
        lines.append(yellow(f"  stopped; `fairlead up {found.environment}` brings it back"))
    lines += [f"  {line}" for line in (_under_way(found), _traffic(found), _parts(found)) if line]
    lines += [f"  warm: {release} for another {duration(state.left(release))}" for release in state.warm_now()]
    rows = [_row(copy, state) for copy in found.copies]
    lines += [table(rows, ("instance", "phase", "port", "restarts", "up", ""), indent=2)] if rows else []
    lines += [f"  {red('!')} {problem}" for problem in found.problems]
    return "\n".join(lines)


def _live(found: Status, state: State) -> str:
    if state.live is None:
        return "nothing is live"
    text = f"{bold(state.live)} is live"
    if found.live:
        origin = found.live.origin
        text += f", by {found.live.operation} {ago(found.live.time)}" + (f", {who(origin)}" if who(origin) else "")
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
    parts = [f'"{why}"'] if why else []
    if isinstance(git, dict):
        branch = f" on {git['branch']}" if git.get("branch") else ""
        dirty = " with changes" if git.get("dirty") else ""
        parts.append(f"commit {str(git['commit'])[:10]}{branch}{dirty}: {git.get('subject', '')}")
    return ", ".join(parts)


def _under_way(found: Status) -> str:
    if found.holder:
        return yellow(f"{found.unfinished or 'held'}: {found.holder}")
    return ""


def _traffic(found: Status) -> str:
    if not found.traffic:
        return ""
    by_route = {
        route: ", ".join(f"{to} {share} %" for to, share in one.items()) for route, one in found.traffic.items()
    }
    where = f" at {url(*found.address)}" if found.address else ""
    if len(set(by_route.values())) == 1:
        return f"traffic{where}: {next(iter(by_route.values()))}"
    return f"traffic{where}: " + "; ".join(f"{route} → {shares}" for route, shares in by_route.items())


def _parts(found: Status) -> str:
    if found.state is None or found.state.stopped:
        return ""
    return ", ".join(f"{part} {green('up') if up else red('down')}" for part, up in found.parts.items())


def _row(copy: Copy, state: State) -> tuple[str, ...]:
    one = copy.instance
    phase = red(one.phase) if copy.looping else PHASES.get(one.phase, yellow)(one.phase)
    uptime = duration(copy.uptime) if copy.uptime is not None else "-"
    restarts = yellow(str(copy.restarts)) if copy.restarts else "0"
    mark = "live" if one.release == state.live else dim("warm" if one.release in state.warm_now() else "leaving")
    return one.id, phase, str(one.port or "-"), restarts, uptime, mark
