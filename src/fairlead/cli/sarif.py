"""`--sarif FILE`: findings for code hosts too."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from fairlead.cli.session import say


def sarif_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """The option; a parameter `report`."""
    return click.option(
        "--sarif", "report", type=click.Path(path_type=Path, allow_dash=True), metavar="FILE",
        help="Write the findings as SARIF 2.1.0 too (-: on stdout, in place of all else).",
    )(function)  # fmt: skip


def write_sarif(document: dict[str, Any], report: Path) -> None:
    """To a file, or to stdout for `-`."""
    from fairlead.system.files import write_file  # noqa: PLC0415 — start-up is part of the product

    text = json.dumps(document, indent=2, ensure_ascii=False)
    if str(report) == "-":
        say(text)
    else:
        write_file(report, text + "\n")
