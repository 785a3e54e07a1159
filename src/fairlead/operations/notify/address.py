"""Who is told, and where. Addresses are secrets: they lie in one file that only this user reads, and nowhere else."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from fairlead.errors import FairleadError
from fairlead.masking import Secret, masked
from fairlead.project.stack import Notify
from fairlead.system.files import read_json, sync_folder, write_json
from fairlead.system.home import Place

FILE = "addresses.json"

#: kind of receiver: the schemes of its addresses (any, where none is named), and what one looks like
KINDS: dict[str, tuple[tuple[str, ...], str]] = {
    "slack": (("slack", "https"), "https://hooks.slack.com/services/…"),
    "discord": (("discord", "https"), "https://discord.com/api/webhooks/…"),
    "e-mail": (("mailto", "mailtos"), "mailtos://USER:PASSWORD@HOST?to=ADDRESS"),
    "pagerduty": (("pagerduty",), "pagerduty://INTEGRATION_KEY@API_KEY"),
    "telegram": (("tgram",), "tgram://BOT_TOKEN/CHAT_ID"),
    "webhook": ((), "https://HOST/PATH"),
}


@dataclass(frozen=True, slots=True)
class Receiver:
    """Somebody who is told."""

    to: str
    secret: str
    on: tuple[str, ...]
    address: Secret | None  #: None: it was not there at any deployment
    since: int = 0  #: number of the last ledger entry before it was added: what was before is not told

    @property
    def id(self) -> str:
        """Names it, and its bookmark's file."""
        return f"{self.to}-{self.secret}"

    @property
    def name(self) -> str:
        """As a person knows it."""
        return f"{self.to} ({self.secret})"


def wanted(notify: tuple[Notify, ...], environ: Mapping[str, str] | None = None) -> tuple[Receiver, ...]:
    """The receivers of a stack, with the addresses that are there now. The same one named twice is one."""
    environ = os.environ if environ is None else environ
    found: dict[str, Receiver] = {}
    for one in notify:
        value = environ.get(one.secret, "").strip()
        new = Receiver(one.to, one.secret, one.on, Secret(value) if value else None)
        on = found[new.id].on if new.id in found else ()
        found[new.id] = Receiver(new.to, new.secret, tuple(dict.fromkeys((*on, *new.on))), new.address)
    return tuple(found.values())


def keep(place: Place, notify: tuple[Notify, ...], head: int, environ: Mapping[str, str] | None = None) -> None:
    """Replace whom the keeper tells. `head` is the number of the ledger's last entry.

    Who stays keeps the address of before when there is none now, so that a deployment from another machine silences
    nobody. Whoever is new is told what comes from now on.
    """
    old = {one.id: one for one in receivers(place)}
    new = wanted(notify, environ)
    if not new:
        (place.notify / FILE).unlink(missing_ok=True)
        return
    place.notify.mkdir(mode=0o700, exist_ok=True)
    rows = [_row(one, old.get(one.id), head) for one in new]
    write_json(place.notify / FILE, {"receivers": rows}, 0o600)
    sync_folder(place.notify)


def _row(one: Receiver, before: Receiver | None, head: int) -> dict[str, object]:
    address = one.address or (before.address if before else None)
    since = before.since if before else head
    shown = address.reveal() if address else None
    return {"to": one.to, "secret": one.secret, "on": list(one.on), "address": shown, "since": since}


def receivers(place: Place) -> tuple[Receiver, ...]:
    """Whom the keeper tells now. FairleadError when the file is damaged."""
    path = place.notify / FILE
    rows = (read_json(path) or {}).get("receivers", [])
    return tuple(
        Receiver(one["to"], one["secret"], tuple(one["on"]), Secret(one["address"]) if one["address"] else None,
                 one["since"])
        for one in rows
    )  # fmt: skip


def apprise_url(receiver: Receiver) -> str:
    """The address as apprise takes it. FairleadError, which does not show it, when it is none for this kind."""
    schemes, example = KINDS[receiver.to]
    if receiver.address is None:
        raise FairleadError(f"{receiver.secret} is not set", f"set it where you deploy: {receiver.secret}={example}")
    value = receiver.address.reveal()
    scheme = value.partition("://")[0].lower()
    fits = scheme in schemes if schemes else re.fullmatch(r"[a-z][a-z0-9+]*", scheme)
    if "://" not in value or re.search(r"[\x00-\x20\x7f]", value) or not fits:
        what = f"what {receiver.secret} holds is no address that {receiver.to} takes"
        raise FairleadError(what, f"it looks like {example}")
    return _plain_webhook(value) if receiver.to == "webhook" and scheme in ("http", "https") else value


def _plain_webhook(value: str) -> str:
    """apprise takes what follows the `?` for itself, but for names with a `-` before them."""
    parts = urlsplit(value)
    query = urlencode([(f"-{name}", text) for name, text in parse_qsl(parts.query, keep_blank_values=True)])
    scheme = {"http": "json", "https": "jsons"}[parts.scheme.lower()]
    return urlunsplit((scheme, parts.netloc, parts.path, query, ""))


def unlinked(text: str, address: Secret | None) -> str:
    """`text` without the address or any telling part of it: error texts of libraries name hosts and paths."""
    if address is None:
        return masked(text)
    value = address.reveal()
    parts = {
        part for part in re.split(r"[/?&=@:#,]+", value) if len(part) >= 4 and part.lower() not in _TELLING_NOTHING
    }
    return masked(text, {value, value.partition("://")[2], *parts, *(unquote(part) for part in parts)})


_TELLING_NOTHING = frozenset({
    "http", "https", "json", "jsons", "mailto", "mailtos", "slack", "discord", "tgram", "pagerduty", "services",
    "webhooks", "hooks.slack.com", "discord.com", "localhost", "127.0.0.1", "form", "forms",
})  # fmt: skip
