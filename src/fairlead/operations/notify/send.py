"""One attempt to send one message. All that knows of apprise."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from fairlead.errors import FairleadError, Temporary
from fairlead.operations.notify.address import KINDS, Receiver, apprise_url, unlinked
from fairlead.operations.notify.message import Message
from fairlead.system.limit import Expired, time_limit

if TYPE_CHECKING:
    from apprise import NotifyBase

EXTRA = "pip install 'fairlead[notify]'"
_CAUSES = re.compile(
    r"\[Errno -?\d+\] [\w ]+|Connection refused|timed out|certificate verify failed|Name or service not"
)


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
    with _listening():  # what it says of an address that it cannot read would show the address
        plugin = apprise.Apprise.instantiate(apprise_url(receiver), asset=asset, suppress_exceptions=True)
    if plugin is None or isinstance(plugin, dict):
        what = f"what {receiver.secret} holds is no address that {receiver.to} takes"
        raise FairleadError(what, f"it looks like {KINDS[receiver.to][1]}")
    plugin.socket_connect_timeout = plugin.socket_read_timeout = seconds / 2
    extras = getattr(plugin, "payload_extras", None)
    if isinstance(extras, dict):  # a program at the other end need not read sentences
        extras |= {"key": message.key, "event": message.events[0]}
    return plugin


def _tell(plugin: NotifyBase, message: Message) -> tuple[bool, list[logging.LogRecord]]:
    """Whether it was taken, and what apprise said meanwhile."""
    import apprise  # noqa: PLC0415

    told = apprise.Apprise(plugin)
    with _listening() as said:
        taken = told.notify(
            body="\n".join(message.lines),
            title=message.title,
            notify_type=apprise.NotifyType(message.severity),
            body_format=apprise.NotifyFormat.TEXT,
        )
        return bool(taken), said


class _Ear(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.heard: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(record)


@contextmanager
def _listening() -> Iterator[list[logging.LogRecord]]:
    """All that apprise logs, and nobody else hears of it."""
    ear = _Ear()
    logger = logging.getLogger("apprise")
    before = logger.level, logger.propagate
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(ear)
    try:
        yield ear.heard
    finally:
        logger.removeHandler(ear)
        logger.setLevel(before[0])
        logger.propagate = before[1]


def _reason(said: list[logging.LogRecord]) -> str:
    """What went wrong, of all that apprise said."""
    loud = [one.getMessage().rstrip(".") for one in said if one.levelno >= logging.WARNING]
    text = "; ".join(dict.fromkeys(loud)) or "it was not taken"
    cause = _CAUSES.search("\n".join(one.getMessage() for one in said))
    return f"{text} ({cause[0]})" if cause else text
