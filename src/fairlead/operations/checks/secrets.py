"""Checks of secrets: has every service what it reads, and who else can read it."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.artifacts.origin import account
from fairlead.errors import FairleadError
from fairlead.operations.check import Check, failed, ok, warning
from fairlead.operations.secrets.supply import Supply
from fairlead.secrets.consumers import consumers, value_variables


def examine(supply: Supply) -> Iterator[Check]:
    """Nothing where no service names a secret."""
    if not supply.needed:
        return
    yield _values(supply)
    for item in consumers(supply.stack):
        usual = {one.variable for one in item.access}  # most programs read the address of a store nowhere else
        direct = [one for one in value_variables(item) if one not in usual]
        if direct:
            yield _readable(item.name, tuple(direct))


def _values(supply: Supply) -> Check:
    try:
        missing = supply.missing()
        where = supply.backend.where
    except FairleadError as error:
        return failed("secrets", error.message, error.hint or "")
    if missing:
        return failed("secrets", f"no value for {', '.join(missing)} in {where}", supply.hint(missing))
    return ok("secrets", f"{len(supply.needed)} in {where}")


def _readable(item: str, variables: tuple[str, ...]) -> Check:
    """The environment of a process is open to its user and to root, and every child inherits it."""
    names, user = ", ".join(variables), account()
    what = f"{item} has {names} in its environment: root, every process of {user} (/proc/PID/environ) and all that "
    what += f"{item} starts can read it"
    return warning("secrets", what, f"let it read the file that {variables[0]}_FILE names, without `as: env`")
