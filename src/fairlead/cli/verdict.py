"""`fairlead verdict`: what the evidence says of a release, and what another policy would have said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fairlead.cli.session import Session, bold, dim, green, red, yellow
from fairlead.cli.text import at, duration, table
from fairlead.cli.verb import environment, verb
from fairlead.errors import UsageError

if TYPE_CHECKING:
    from fairlead.operations.verdicts import Judged, Replay, Said, ShadowReport
    from fairlead.rollout.verdict.verdict import Verdict

KINDS = {"promote": green, "continue": dim, "hold": yellow, "abort": red}
FAR = 10.0  #: seconds into a recording from which on tenths mean nothing


@verb(
    "fairlead verdict production",
    "fairlead verdict production --replay rollout-7-canary.jsonl",
    "fairlead verdict production --shadow-report",
    name="verdict",
)
@environment()
@click.option(
    "--replay", type=click.Path(path_type=Path), metavar="FILE",
    help="Judge a recording again, by what the project file says now. Its name alone is enough.",
)  # fmt: skip
@click.option("--recorded-policy", is_flag=True, help="With --replay: by the policy it was judged by.")
@click.option("--shadow-report", is_flag=True, help="What the last shadow came to.")
def command(
    session: Session, environment: str, replay: Path | None, recorded_policy: bool, shadow_report: bool
) -> None:
    """Show what the evidence said of the newest release that was judged in ENV, the newest verdict last.

    What it was made of is recorded; a recording can be judged again by another policy.
    """
    if replay and shadow_report:
        raise UsageError("--replay and --shadow-report do not go together", "use one of them")
    if recorded_policy and not replay:
        raise UsageError("--recorded-policy needs --replay FILE", f"see where they lie: fairlead verdict {environment}")
    if replay:
        _replay(session, environment, replay, recorded_policy)
    elif shadow_report:
        _shadow(session, environment)
    else:
        _verdicts(session, environment)


def _verdicts(session: Session, environment: str) -> None:
    from fairlead.operations.verdicts import verdicts  # noqa: PLC0415 — start-up is part of the product

    judged = verdicts(session.place(environment))
    if judged is None:
        session.answer(_data(environment), "no release was judged here yet")
        return
    more = {
        "rollout": judged.rollout, "release": judged.release, "previous": judged.previous,
        "verdicts": [one.to_data() for one in judged.said], "watch": judged.ended,
        "recordings": [str(path) for path in judged.recordings],
    }  # fmt: skip
    session.answer(_data(environment) | more, _judged(judged))


def _data(environment: str) -> dict[str, Any]:
    return {"environment": environment, "rollout": None, "verdicts": []}


def _judged(judged: Judged) -> str:
    against = f", after {judged.previous}" if judged.previous else ""
    lines = [f"rollout {judged.rollout}: {bold(judged.release)}{against}"]
    lines.append(table([_row(at(one.time), one.verdict, _where(one)) for one in _told_once(judged.said)], indent=2))
    if judged.ended:
        reason = f": {judged.ended['reason'].splitlines()[0]}" if judged.ended["reason"] else ""
        lines.append(f"  the watch ended at {at(judged.ended['time'])}: {judged.ended['result']}{reason}")
    lines += [dim(f"  recorded in {path}") for path in judged.recordings]
    return "\n".join(lines)


def _told_once(said: Sequence[Said]) -> Iterator[Said]:
    """Without those that only say again, at the end of a step, what was just said."""
    for one, following in zip_longest(said, said[1:]):
        if following is None or (one.step, one.verdict) != (following.step, following.verdict):
            yield one


def _where(said: Said) -> str:
    return "watch" if said.step == "watch" else f"step {said.step.partition(':')[0]}"


def _row(when: str, verdict: Verdict, where: str = "") -> tuple[str, ...]:
    first = (when, where) if where else (when,)
    return (*first, KINDS[verdict.kind](verdict.kind), verdict.cause or "-", verdict.text.splitlines()[0])


def _replay(session: Session, environment: str, file: Path, recorded: bool) -> None:
    from fairlead.operations.verdicts import recording, replay  # noqa: PLC0415

    policy = None if recorded else session.project().stack(environment).rollout.judge
    file = recording(session.place(environment), file)
    found = replay(file, policy)
    data = {
        "environment": environment, "recording": str(file), "rollout": found.subject.rollout,
        "release": found.subject.release, "mode": found.subject.mode, "policy": asdict(found.policy),
        "changes": [{"seconds": round(seconds, 3), **one.to_data()} for seconds, one in found.changes],
        "last": found.last.to_data() if found.last else None, "seconds": found.seconds, "move": found.move,
        "end": found.end,
    }  # fmt: skip
    session.answer(data, _replayed(found, recorded))


def _replayed(found: Replay, recorded: bool) -> str:
    whose = "the policy it was judged by" if recorded else "what the project file says now"
    subject = found.subject
    lines = [f"rollout {subject.rollout}: {bold(subject.release)} ({subject.mode}), judged again by {whose}"]
    if found.last is None:
        return "\n".join([*lines, "  nothing was recorded"])
    lines.append(table([_row(_into(seconds), verdict) for seconds, verdict in found.changes], indent=2))
    if found.changes[-1][1].text != found.last.text:
        lines.append(f"  at last: {found.last.text}")
    return "\n".join([*lines, f"after {duration(found.seconds)}: {found.end}"])


def _into(seconds: float) -> str:
    return f"+{seconds:.1f} s" if seconds < FAR else f"+{duration(seconds)}"


def _shadow(session: Session, environment: str) -> None:
    from fairlead.operations.verdicts import shadow_report  # noqa: PLC0415

    report = shadow_report(session.place(environment))
    if report is None:
        hint = "declare one: `rollout: {shadow: {percent: 10, for: 1m}}`"
        session.answer(_data(environment), f"no release was shadowed here yet; {hint}")
        return
    data = {
        "environment": environment, "rollout": report.rollout, "release": report.release,
        "verdict": report.said.to_data(), "differences": list(report.differences),
    }  # fmt: skip
    session.answer(data, _shadowed(report))


def _shadowed(report: ShadowReport) -> str:
    verdict = report.said.verdict
    head = f"rollout {report.rollout}: shadow of {bold(report.release)} at {at(report.said.time)}"
    lines = [head, f"  {KINDS[verdict.kind](verdict.kind)}: {verdict.text}"]
    services = verdict.numbers.get("services") or {}
    rows = [(name, *_answers(one.get("canary") or {}), *_answers(one.get("stable") or {}))
            for name, one in services.items()]  # fmt: skip
    if rows:
        lines.append(table(rows, ("service", "canary", "errors", "slow", "stable", "errors", "slow"), indent=2))
    if not report.differences:
        return "\n".join([*lines, "  differences in the shape of answers: none found"])
    found = [(str(one.get(key, "")) for key in ("path", "what", "stable", "canary")) for one in report.differences]
    lines.append(table([tuple(row) for row in found], ("path", "what", "stable", "canary"), indent=2))
    return "\n".join(lines)


def _answers(side: dict[str, Any]) -> tuple[str, str, str]:
    """Requests, errors, and the share that was slow."""
    requests, slow = int(side.get("requests") or 0), side.get("slow")
    share = f"{100 * slow / requests:.1f} %" if requests and slow is not None else "-"
    return str(requests), str(side.get("errors") or 0), share
