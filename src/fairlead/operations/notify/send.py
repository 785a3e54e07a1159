"""One attempt to send one message. All that knows of apprise."""

from __future__ import annotations

import logging
import re
from importlib.util import find_spec
from typing import TYPE_CHECKING

from fairlead.errors import FairleadError, Temporary
from fairlead.operations.notify.address import KINDS, Receiver, apprise_url, unlinked
from fairlead.operations.notify.message import Message
from fairlead.system.limit import Expired, time_limit

if TYPE_CHECKING:
    from apprise import NotifyBase

EXTRA = "pip install 'fairlead[notify]'"
_CAUSES = re.compile(r"\[Errno -?\d+\] [\w ]+|Connection refused|timed out|certificate verify failed|Name or service not")


def installed() -> bool:
    """Whether the libraries of the extra `notify` are there."""
    return find_spec("apprise") is not None and find_spec("tenacity") is not None


def send(receiver: Receiver, message: Message, seconds: float) -> None:
    """Send it, in at most so many seconds; returns when it was taken.

    Temporary when it was not, which may be mended by trying again; FairleadError when that is of no use. Neither says
    anything of the address.
    """
    if not installed():
        raise FairleadError("the libraries that send messages are not installed", EXTRA)
    plugin = _plugin(receiver, message, seconds)
    try:
        with time_limit(seconds):
            taken, said = _tell(plugin, message)
    except Expired:
        raise Temporary(f"no answer within {seconds:g} s") from None
    if not taken:
        raise Temporary(unlinked(_reason(said), receiver.address))


def _plugin(receiver: Receiver, message: Message, seconds: float) -> NotifyBase:
    import apprise  # noqa: PLC0415 — only where something is sent

    asset = apprise.AppriseAsset(
        app_id="Fairlead", app_desc="Fairlead", app_url="", image_url_mask=None, image_url_logo=None
    )
    with apprise.LogCapture(level=logging.CRITICAL):  # what it says of an address it cannot read
        plugin = apprise.Apprise.instantiate(apprise_url(receiver), asset=asset, suppress_exceptions=True)
    if plugin is None or isinstance(plugin, dict):
        what = f"what {receiver.secret} holds is no address that {receiver.to} takes"
        raise FairleadError(what, f"it looks like {KINDS[receiver.to][1]}")
    plugin.socket_connect_timeout = plugin.socket_read_timeout = seconds / 2
    extras = getattr(plugin, "payload_extras", None)
    if isinstance(extras, dict):  # a program at the other end need not read sentences
        extras |= {"key": message.key, "event": message.events[0]}
    return plugin


def _tell(plugin: NotifyBase, message: Message) -> tuple[bool, str]:
    """Whether it was taken, and what apprise said meanwhile."""
    import apprise  # noqa: PLC0415

    kinds = {"info": "info", "success": "success", "warning": "warning", "failure": "failure"}
    told = apprise.Apprise(plugin)
    with apprise.LogCapture(level=logging.DEBUG, fmt="%(levelname)s %(message)s") as said:
        taken = told.notify(
            body="\n".join(message.lines), title=message.title, notify_type=apprise.NotifyType(kinds[message.severity]),
            body_format=apprise.NotifyFormat.TEXT,
        )  # fmt: skip
        return bool(taken), said.getvalue()


def _reason(said: str) -> str:
    """What went wrong, of all that apprise said."""
    lines = [text for text in said.splitlines() if text.startswith(("WARNING ", "ERROR "))]
    text = "; ".join(dict.fromkeys(text.partition(" ")[2].rstrip(".") for text in lines)) or "it was not taken"
    cause = _CAUSES.search(said)
    return f"{text} ({cause[0]})" if cause else text
