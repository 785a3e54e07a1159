"""Where rendered files lie, as the way from one folder to another: no path of the machine is in any of them."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from fairlead.errors import FairleadError
from fairlead.project.stack import Stack


@dataclass(frozen=True, slots=True)
class Ways:
    """Relative paths with forward slashes."""

    base: str = "../.."  #: from the folder of rendered files to the project's
    back: str = "rendered/env"  #: from the project's folder to that of rendered files

    def project(self, below: str) -> str:
        """The way to the project's folder from `below` the rendered files."""
        return posixpath.normpath(posixpath.join(*([".."] * len(below.split("/"))), self.base))

    def files_from(self, source: str) -> str:
        """The way to the rendered files from a folder of the project."""
        return posixpath.relpath(self.back, source)


def no_value(name: str, stack: Stack) -> FairleadError:
    """What is said of a variable that has none in this environment."""
    hint = f"give it a default, or a value in .env.{stack.environment}"
    return FairleadError(f"${{{name}}} has no value in {stack.environment}", hint)
