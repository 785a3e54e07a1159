"""`fairlead schema`: for editors and for checks elsewhere."""

from __future__ import annotations

import json

from fairlead.cli.session import Session, say
from fairlead.cli.verb import verb


@verb("fairlead schema > fairlead.schema.json", name="schema", file=False)
def command(session: Session) -> None:
    """Print the JSON Schema (draft 2020-12) of fairlead.yaml.

    An editor that knows it completes keys and marks mistakes. It is JSON with and without --json.
    """
    from fairlead.project.schema import json_schema  # noqa: PLC0415 — brings the validator

    say(json.dumps(json_schema(), indent=2))
