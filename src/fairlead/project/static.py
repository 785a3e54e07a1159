"""`static`: a folder of files as a service, by the server that comes with Fairlead.

Python runs it with `-P`: it is started in the folder of the files, and none of them is to be taken for a module.
"""

from __future__ import annotations

import shlex

from fairlead.project.stack import Prepare

MODULE = "fairlead.static"
PORT = 8080  #: where nothing is said of one


def command(folder: str, runtime: str) -> str:
    """What serves it. In a container the folder is the image's, and so is the server; others reach it from outside."""
    everywhere = "" if runtime == "process" else " --host 0.0.0.0"
    return f"${{FAIRLEAD}} -P -m {MODULE} serve {shlex.quote(folder)} --port ${{PORT}}{everywhere}"


def prepare(folder: str, own: Prepare | None) -> Prepare:
    """What the service says, and then compressed forms of all files, once for each artifact."""
    compress = f"${{FAIRLEAD}} -P -m {MODULE} compress {shlex.quote(folder)}"
    return Prepare((*(own.run if own else ()), compress), own.inputs if own else ())
