"""`fairlead demo`: show the whole in about a minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fairlead.cli.session import Session, tell
from fairlead.cli.verb import verb

if TYPE_CHECKING:
    from fairlead.demo.outcome import DemoReport


@verb("fairlead demo", "fairlead demo --json", name="demo", file=False)
def command(session: Session) -> None:
    """Deploy a small web application on this machine, keep traffic on it, and show what happens.

    A first version, a second one blue-green, a third in canary steps, a broken fourth that is rolled back by itself,
    and a deployer that is killed in the middle. The exit code is 0 only if not one request was lost. It needs
    neither root nor Docker, has a state folder of its own, and leaves nothing behind.
    """
    from fairlead.demo.perform import perform  # noqa: PLC0415 — start-up is part of the product

    report = perform()
    session.answer(report.to_data(), "")
    if not session.json:
        show(report)
    if not report.ok:
        raise click.exceptions.Exit(1)


def show(report: DemoReport) -> None:
    """The table at the end."""
    from rich import box  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    console = Console()
    table = Table(box=box.SIMPLE_HEAD if console.is_terminal else box.ASCII2, show_header=False, show_edge=False)
    table.add_column(style="bold")
    table.add_column()
    for title, text in report.rows():
        table.add_row(title, text)
    table.add_section()
    for act in report.acts:
        table.add_row(f"{act.seconds:.1f} s", act.title)
    console.print(table)
    tell(f"{report.seconds:.0f} s in all. The same by hand: `fairlead init`, then `fairlead deploy local`")
