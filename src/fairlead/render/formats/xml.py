"""XML, read without entities and external files, as the events of its parser."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fairlead.errors import FairleadError
from fairlead.render.formats.base import Event, Malformed, Words, offset_of, raw

EXTRA = "pip install 'fairlead[templates]'"
_REFERENCES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}
)


class Xml(Words):
    """The format."""

    name = "XML"

    def events(self, text: str) -> list[Event]:
        """Elements, attributes, text and comments."""
        from xml.etree.ElementTree import ParseError  # noqa: PLC0415 — every deployment imports this module

        try:
            from defusedxml.common import DefusedXmlException  # noqa: PLC0415 - an extra
            from defusedxml.ElementTree import XMLParser  # noqa: PLC0415
        except ImportError:
            raise FairleadError("XML cannot be read: defusedxml is not installed", EXTRA) from None
        seen = _Seen()
        try:
            parser = XMLParser(target=seen)
            parser.feed(text)
            parser.close()
        except ParseError as error:
            line, column = error.position
            raise Malformed(offset_of(text, line, column + 1), str(error).partition(":")[0]) from None
        except DefusedXmlException:
            raise Malformed(0, "it declares entities or names other files, which is not read") from None
        return seen.events

    def escapes(self, kind: str) -> Sequence[Callable[[str], str]]:
        """With references, but as it is where there are none: in CDATA and comments."""
        return (lambda value: value.translate(_REFERENCES), raw)


class _Seen:
    """What the parser has found so far."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.events.append(Event("element", tag))
        for name, value in attributes.items():
            self.events += [Event("attribute", name), Event("value", value)]

    def end(self, tag: str) -> None:
        self.events.append(Event("end", tag))

    def data(self, text: str) -> None:
        if self.events and self.events[-1].kind == "text":
            text = self.events.pop().text + text
        self.events.append(Event("text", text))

    def comment(self, text: str) -> None:
        self.events.append(Event("comment", text))

    def pi(self, target: str, data: str | None = None) -> None:
        self.events.append(Event("instruction", f"{target} {data or ''}"))

    def close(self) -> None:
        """The parser asks for a result; the events are it."""
