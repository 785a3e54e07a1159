"""Commands of project files as the tests write them: whatever folder the tests run in, also one with a space."""

import json
import shlex
import sys

#: what to exchange in a `prepare` so that the pip of this Python installs: none has to be put into the environment
PIP = {
    "-m venv .venv": "-m venv --without-pip .venv",
    ".venv/bin/pip install": f"{shlex.quote(sys.executable)} -m pip --python .venv/bin/python install",
}


def python(arguments: str) -> str:
    """This Python with arguments, as a scalar of YAML (which JSON is too): quoted for the shell's rules within it."""
    return json.dumps(f"{shlex.quote(sys.executable)} {arguments}")
