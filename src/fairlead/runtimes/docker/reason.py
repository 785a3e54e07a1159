"""Why a container does not run, in words."""

from __future__ import annotations

import re
import signal
from dataclasses import replace

from fairlead.engine.engine import Engine
from fairlead.engine.facts import ContainerFacts

KILLED = 128 + signal.SIGKILL

_WRAPPED = re.compile(r"^.*(?:starting container process caused|unable to start container process): ", re.DOTALL)
_CODES = {
    125: "exit code 125: the engine could not start it",
    126: "exit code 126: the command may not be executed",
    127: "exit code 127: there is no such command in the image",
}


def found(engine: Engine, facts: ContainerFacts) -> ContainerFacts:
    """The same, and with a lack of memory that the engine heard of too late for its own mark."""
    return replace(facts, out_of_memory=out_of_memory(engine, facts)) if facts.exit_code == KILLED else facts


def out_of_memory(engine: Engine, facts: ContainerFacts) -> bool:
    """Whether the kernel ended a process of it for want of memory, now or earlier in its life.

    The engine hears of that beside the end of the process. Where it hears of the end first it leaves its own mark
    away, for good; what it heard stays in its memory of what happened, or comes in a moment.
    """
    return facts.out_of_memory or bool(engine.heard(facts.id, "oom"))


def last_end(engine: Engine, facts: ContainerFacts) -> str:
    """Why it ended last, also where the engine has started it again since; empty when it never did."""
    if facts.running:
        code = _last_exit(engine, facts)
        return "" if code is None else ended(found(engine, replace(facts, exit_code=code)))
    return ended(found(engine, facts)) if facts.last_start or facts.error else ""


def ended(facts: ContainerFacts) -> str:
    """Why it ended: memory before signals before codes, as one brings the next. Pure."""
    if facts.error:
        return refused(facts.error)
    if facts.out_of_memory:
        return f"out of memory{_limit(facts)}"
    return _code(facts.exit_code)


def refused(error: str) -> str:
    """The engine's own words, without what it says about itself."""
    said = _WRAPPED.sub("", error).removesuffix(": unknown").strip().rstrip(".")
    return f"it could not be started: {said}"


def _last_exit(engine: Engine, facts: ContainerFacts) -> int | None:
    """The code of its last end, which `inspect` does not tell once it runs again; None: the engine knows of none."""
    heard = engine.heard(facts.id, "die")
    code = str(heard[-1]["Actor"]["Attributes"].get("exitCode", "")) if heard else ""
    return int(code) if code.isdecimal() else None


def _limit(facts: ContainerFacts) -> str:
    memory = int((facts.raw.get("HostConfig") or {}).get("Memory") or 0)
    if not memory:
        return ": the machine has no more"
    shown = f"{memory >> 20}M" if memory >= 1 << 20 else f"{memory}B"
    return f": its limit is {shown} (resources.memory)"


def _code(code: int) -> str:
    if code in _CODES:
        return _CODES[code]
    if code > 128:
        return f"{_signal(code - 128)} (exit code {code})"
    return f"exit code {code}"


def _signal(number: int) -> str:
    try:
        return f"ended by {signal.Signals(number).name}"
    except ValueError:
        return f"ended by signal {number}"
