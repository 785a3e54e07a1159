"""Have every secret that Fairlead makes: each is made once, and never changed by a later run."""

from __future__ import annotations

from fairlead.project.stack import Stack
from fairlead.secrets.base import Backend
from fairlead.secrets.generate import generate


def ensure(stack: Stack, backend: Backend) -> tuple[str, ...]:
    """Make those with `generate` that have no value yet; the names that were made now.

    Unavailable when the back end cannot be asked, ReadOnly when one is missing where Fairlead cannot write.
    """
    wanted = {one.name: one.generate for one in stack.secrets if one.generate}
    if not wanted:
        return ()
    there = backend.names()
    missing = {name: how for name, how in wanted.items() if name not in there}
    if not missing:
        return ()
    return backend.add({name: generate(how.kind, how.length) for name, how in missing.items()})
