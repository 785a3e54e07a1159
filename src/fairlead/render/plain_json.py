"""JSON for Traefik, which is YAML too: serialised data, never text with holes."""

from __future__ import annotations

import json

ESCAPED = '{{"{{"}}'


def plain_json(data: object) -> str:
    """For its static file."""
    return json.dumps(data, indent=1, sort_keys=True) + "\n"


def go_json(data: object) -> str:
    """For its dynamic files, which are Go templates: `{{` is what the template engine gives back as it stands."""
    return plain_json(data).replace("{{", ESCAPED)


def plain_of(text: str) -> str:
    """What `go_json` was made of."""
    return text.replace(ESCAPED, "{{")
