"""The JSON Schema of Compose files. The package that has it would bring a third of a second of imports with it."""

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path


@cache
def compose_schema():
    """As Compose's specification has it."""
    folder = Path(find_spec("check_jsonschema").origin).parent
    return json.loads((folder / "builtin_schemas" / "vendor" / "compose-spec.json").read_text("utf-8"))
