"""A time on the command line."""

from __future__ import annotations

from datetime import datetime

import click


class Moment(click.ParamType[str]):
    """Text that `operations.since.instant` understands, in a form that means the same on a machine elsewhere."""

    name = "time"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text. A usage error when it is no time."""
        from fairlead.operations.since import WAYS, settled  # noqa: PLC0415 — start-up is part of the product

        try:
            return settled(value, datetime.now().astimezone())
        except ValueError as error:
            self.fail(f"{error}; {WAYS}", param, ctx)
