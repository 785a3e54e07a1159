"""Carry out a transition while showing it, and say what came of it: shared by deploy, promote and rollback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, TypeVar

from fairlead.cli.progress.base import showing
from fairlead.cli.session import Session, dim, green, red
from fairlead.cli.text import at, duration
from fairlead.errors import FairleadError, Interrupted, RolloutFailed, Waiting
from fairlead.rollout.events import Emit, Event
from fairlead.system.signals import FIRST_AS_IT_IS, SECOND_AS_IT_IS, undone_on_signals

if TYPE_CHECKING:
    from fairlead.operations.transition import Result
    from fairlead.project.stack import RuntimeName
    from fairlead.system.home import Place

T = TypeVar("T")
Act = Callable[[Emit], "Result"]
Runtime = Callable[[], "RuntimeName | None"]


@contextmanager
def carried(session: Session, title: str, place: Place, runtime: Runtime) -> Iterator[Callable[[Act], None]]:
    """Gives a function that carries an act out with progress and signals, then shows its result.

    `runtime` tells which edge has the pulse that a terminal shows, and is asked only then; None when that is not known.
    """

    def run(act: Act) -> None:
        show_result(session, shown(session, title, place, runtime, act))

    yield run


def shown(session: Session, title: str, place: Place, runtime: Runtime, act: Callable[[Emit], T]) -> T:
    """Carry an act out with progress and signals. What it raises is said as a person needs it."""
    try:
        with undone_on_signals(), ExitStack() as opened:
            emit, live = opened.enter_context(showing(session, title))
            if live and (known := runtime()) is not None:
                from fairlead.operations.pulse import pulse  # noqa: PLC0415

                emit = opened.enter_context(pulse(place, known, emit))
            return act(_with_advice(emit, place.environment))
    except (RolloutFailed, Interrupted) as error:
        raise undone(error, place.environment) from error
    except Waiting as error:
        raise _left_waiting(error, place) from error
    except KeyboardInterrupt as error:  # before anything was done, or when it was live already
        hint = f"what is unfinished is finished by the keeper; see `fairlead status {place.environment}`"
        raise Interrupted("interrupted", hint) from error


def _with_advice(emit: Emit, environment: str) -> Emit:
    """Whoever watches learns how to answer when a person is asked."""

    def advised(event: Event) -> None:
        emit(event)
        if event.kind == "step" and str(event.data.get("step", "")).endswith(":approve"):
            emit(Event("note", f"`fairlead approve {environment}` goes on, `fairlead abort {environment}` goes back"))

    return advised


def _left_waiting(error: Waiting, place: Place) -> Waiting:
    """The same, with what stays as it is, who looks after it, and what can be done."""
    from fairlead.operations.under_way import under_way  # noqa: PLC0415

    found = under_way(place)
    if found is None or not found.waiting:  # somebody has decided in the meantime
        return error
    name, release = place.environment, found.release
    users = f"{found.weight} % of the requests" if found.weight else "no user"
    lines = [
        f"rollout {found.rollout}: {error.message}",
        f"nobody carries it since {at(found.since)}: {release} stays with {users}",
        f"the keeper watches it, and takes it back when it turns out to be bad; `fairlead status {name}` shows it",
    ]
    acts = [f"`{line}` to {what}" for line, what in found.acts()]
    hint = "; ".join(acts)
    return Waiting("\n".join(lines), hint, {"environment": name, **found.to_data()})


def undone(error: RolloutFailed | Interrupted, environment: str) -> FairleadError:
    """The same, with the reason first, then what was done about it."""
    reason = error.message.removeprefix("undone: ")
    done = f"{reason}\neverything was taken back: {environment} is as it was before"
    done += "".join(f"\nbut {text}" for text in error.kept)
    return type(error)(done, error.hint or f"see `fairlead history {environment}`")


def show_result(session: Session, result: Result) -> None:
    """Release, time, and whether a request was lost."""
    data = {"kind": "result", "ok": True, "release": result.release, "previous": result.previous,
            "rollout": result.rollout, "seconds": result.seconds, "report": result.report}  # fmt: skip
    if result.rollout is None:
        session.answer(data, f"{result.release} is live already; there is nothing to do")
        return
    text = f"{green('✓')} {result.release} is live after {duration(result.seconds)}"
    before = dim(f" (before: {result.previous})") if result.previous else ""
    session.answer(data, f"{text}{before}\n  {loss_line(result.report)}")


def loss_line(report: dict[str, object]) -> str:
    """The zero-loss report."""
    lost = report.get("lost", 0)
    shown = f"{lost} lost"
    text = f"{report.get('requests', 0)} requests meanwhile, {red(shown) if lost else green(shown)}"
    part = "" if report.get("counted_whole", True) else "; the edge was started anew, and counts from then"
    return f"{text}, {report.get('application_errors', 0)} application errors{part}"


def simple(session: Session, title: str, act: Callable[[Emit], object], left: str = "") -> object:
    """An act without steps that are undone (up, stop): shown as it goes. `left`: what to do when interrupted."""
    try:
        with undone_on_signals(FIRST_AS_IT_IS, SECOND_AS_IT_IS), showing(session, title) as (emit, _):
            return act(emit)
    except KeyboardInterrupt as error:
        raise Interrupted("interrupted: it is half done", left or "run the command again") from error
