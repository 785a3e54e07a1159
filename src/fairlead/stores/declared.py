"""What a store is made of: its declaration without what can change while it runs. Pure."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from fairlead.project.access import archives
from fairlead.project.stack import Store, to_data
from fairlead.render.compose_keys import KEYS

LIVE = (
    "name", "url", "direct_url", "databases", "migrations", "rights", "extensions", "buckets", "queue", "health",
    "backup", "drill", "checks", "tune", "window",
)  # fmt: skip
"""What is no reason to make a store anew."""


def fingerprint(store: Store) -> str:
    """16 hex digits. What is left at its default does not count, so a later Fairlead with more settings agrees."""
    usual = to_data(Store(store.name, store.kind))
    own = _without(to_data(store), usual)
    held = own.get("container", {})
    if told := {key: value for key, value in held.pop("compose", {}).items() if key in KEYS}:
        held["compose"] = told
    if archives(store):  # a server is told that when it starts
        own["archives"] = True
    text = json.dumps({"kind": store.kind} | {key: own[key] for key in own if key not in LIVE and own[key] != {}},
                      sort_keys=True)  # fmt: skip
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _without(data: dict[str, Any], usual: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for key, value in data.items():
        if value == usual.get(key):
            continue
        found[key] = (
            _without(value, usual[key]) if isinstance(value, dict) and isinstance(usual.get(key), dict) else value
        )
    return found
