"""Commands of project files as the tests write them: whatever folder the tests run in, also one with a space."""

import json
import shlex
import sys


def python(arguments: str) -> str:
    """This Python with arguments, as a scalar of YAML (which JSON is too): quoted for the shell's rules within it."""
    return json.dumps(f"{shlex.quote(sys.executable)} {arguments}")
