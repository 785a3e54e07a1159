"""`fairlead dev`: all services here, restarted as you edit."""

from __future__ import annotations

import _thread
import threading

import click

from fairlead.cli.session import ReaderGone, Session
from fairlead.cli.verb import environment, verb

COLOURS = ("cyan", "green", "yellow", "magenta", "blue", "bright_cyan", "bright_green", "bright_magenta")


@verb("fairlead dev", name="dev", stream=True)
@environment(required=False)
def command(session: Session, environment: str | None) -> None:
    """Run every service of the project (as ENV has it; default: the first) as a plain process in its source folder.

    When a file changes that would be part of a release, only the services made from it start again. Ctrl-C ends
    everything. There is no edge: each service says its own address.
    """
    from fairlead.operations.dev import Dev  # noqa: PLC0415 — start-up is part of the product
    from fairlead.system.signals import ended_on_signals  # noqa: PLC0415

    project = session.project()
    stack = project.stack(environment or project.environments[0])
    dev = Dev(project, stack, Printer(session, [service.name for service in stack.services]))
    try:
        with ended_on_signals():
            try:
                dev.begin()
                dev.run()
            finally:
                dev.close()
    except KeyboardInterrupt:
        dev.close(grace=0)  # a second Ctrl-C; nothing to do after the first
        click.get_current_context().exit(130)


class Printer:
    """Prints a line behind the name of its service; services speak from threads of their own."""

    def __init__(self, session: Session, names: list[str]) -> None:
        self.session = session
        self.width = max([len(name) for name in names] + [8])
        self.colours = {name: COLOURS[place % len(COLOURS)] for place, name in enumerate(names)}
        self.lock = threading.Lock()

    def __call__(self, service: str, line: str) -> None:
        name = service or "fairlead"
        prefix = click.style(f"{name:<{self.width}} |", fg=self.colours.get(name, "white"), bold=not service)
        with self.lock:
            try:
                self.session.answer({"service": service or None, "text": line}, f"{prefix} {line}")
            except ReaderGone:  # of a service's own thread nobody would hear
                if threading.current_thread() is threading.main_thread():
                    raise
                _thread.interrupt_main()
