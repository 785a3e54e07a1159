"""Holds a filled-in template against the template itself, as the reader of its format sees both."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fairlead.project.placeholders import Found
from fairlead.render.formats.base import Event, Format, Malformed

FEW = 10  #: values that break something, each of which is found by reading the file anew
_PLAIN = re.compile(r"[\w./-]+")

TEXT = "; a file of another kind needs its `format`, such as `format: text`"


class Fault(Exception):
    """What is wrong: offsets in the template, and a sentence each."""

    def __init__(self, *places: tuple[int, str]) -> None:
        super().__init__()
        self.places = places


def check(text: str, places: Sequence[Found], values: Mapping[str, str], format: Format) -> str:
    """`text` with its values, each written so that the format's reader finds exactly it. Fault when that cannot be."""
    filling = _Filling(text, tuple(places), format)
    if clash := format.marks.search(text):
        raise Fault((clash.start(), f"{clash.group()} is what Fairlead marks values with; write something else here"))
    return _Check(filling, {n: values[one.name] for n, one in enumerate(places) if one.name}).result()


def kinds(text: str, places: Sequence[Found], format: Format) -> dict[int, str]:
    """What the format's reader finds at each place that it finds, by number. Fault where the template is none."""
    return _Check(_Filling(text, tuple(places), format), {}).kinds


@dataclass(frozen=True, slots=True)
class _Filling:
    """A template, cut where something is filled in."""

    text: str
    places: tuple[Found, ...]
    format: Format

    def fill(self, written: Mapping[int, str]) -> str:
        """The text with what is written at each place, and marks at the others."""
        return "".join(piece for pair in self._pieces(written) for piece in pair)

    def _pieces(self, written: Mapping[int, str]) -> list[tuple[str, str]]:
        found, at = [], 0
        for number, place in enumerate(self.places):
            found.append((self.text[at : place.start], self._at(number, place, written)))
            at = place.end
        return [*found, (self.text[at:], "")]

    def _at(self, number: int, place: Found, written: Mapping[int, str]) -> str:
        if not place.name:
            return "${"
        return written.get(number, self.format.mark(number))

    def origin(self, offset: int, written: Mapping[int, str]) -> int:
        """Where in the template that offset of the filled-in text comes from."""
        length = came = 0
        for (before, put), place in zip(self._pieces(written), self.places, strict=False):
            if offset <= length + len(before):
                return came + offset - length
            length, came = length + len(before) + len(put), place.end
            if offset < length:
                return place.start
        return min(came + offset - length, len(self.text))


class _Check:
    def __init__(self, filling: _Filling, values: dict[int, str]) -> None:
        self.filling = filling
        self.values = values
        self.format = filling.format
        self.pattern = self.format.marks
        self.marked = self._template()
        self.kinds = {
            int(one.group(1)): event.kind for event in self.marked for one in self.pattern.finditer(event.text)
        }

    def _template(self) -> list[Event]:
        """What the reader finds in the template itself."""
        try:
            return self.format.events(self.filling.fill({}))
        except Malformed as error:
            where = self.filling.origin(error.offset, {})
            message = self.pattern.sub(lambda one: f"${{{self._name(int(one.group(1)))}}}", error.message)
            raise Fault((where, f"this is not {self.format.name}, whatever the values are: {message}{TEXT}")) from None

    def _name(self, number: int) -> str:
        return self.filling.places[number].name

    def result(self) -> str:
        written = self._usual() or self._chosen()
        text = self.filling.fill(written)
        try:
            self.format.check(text)
        except Malformed as error:
            raise Fault((self.filling.origin(error.offset, written), error.message)) from None
        return text

    def _usual(self) -> dict[int, str] | None:
        """Each value written in the usual way, if that is right for all."""
        try:
            written = {number: self._ways(number)[0](value) for number, value in self.values.items()}
        except Malformed:
            return None
        return written if self._right(written) else None

    def _ways(self, number: int) -> Sequence[Callable[[str], str]]:
        return tuple(self.format.escapes(self.kinds.get(number, "")))

    def _chosen(self) -> dict[int, str]:
        """Each value written in the first way that is right; Fault names those for which there is none.

        Only those that are no plain word are tried one by one, since each try reads the whole file; if that does not
        help, the first of them all.
        """
        plain = {number: value for number, value in self.values.items() if _PLAIN.fullmatch(value)}
        special = {number: value for number, value in self.values.items() if number not in plain}
        for alike in (True, False):
            written = plain | self._tried(special, alike)
            if self._right(written):
                return written
        written |= self._tried(plain, False)
        if not self._right(written):
            first = min(self.values)
            raise Fault((self.filling.places[first].start, self._breaks(first)))
        return written

    def _tried(self, values: Mapping[int, str], alike: bool) -> dict[int, str]:
        """`alike`: what is right at one place is taken for right at all that look like it."""
        written: dict[int, str] = {}
        known: dict[tuple[str, str], Callable[[str], str]] = {}  #: what was right for that value in such a place
        faults: list[tuple[int, str]] = []
        for number, value in values.items():
            place = (self.kinds.get(number, ""), value)
            try:
                known[place] = (alike and known.get(place)) or self._way(number, value)
                written[number] = known[place](value)
            except Malformed as error:
                faults.append((self.filling.places[number].start, error.message))
                if len(faults) == FEW:
                    break
        if faults:
            raise Fault(*faults)
        return written

    def _way(self, number: int, value: str) -> Callable[[str], str]:
        for way in self._ways(number):
            if self._right({number: way(value)}):
                return way
        raise Malformed(0, self._breaks(number))

    def _breaks(self, number: int) -> str:
        name, format = self._name(number), self.format.name
        if self.kinds.get(number) == self.format.bare and self.format.bare:
            return f"the value of ${{{name}}} is no {format} by itself; put ${{{name}}} in quotes"
        return (
            f"the value of ${{{name}}} would change what this {format} says: it has characters that mean something here"
        )

    def _right(self, written: Mapping[int, str]) -> bool:
        """Whether the reader finds the same as in the template, and in place of marks the values."""
        try:
            return self.format.events(self.filling.fill(written)) == self._expected(written)
        except Malformed:
            return False

    def _expected(self, written: Mapping[int, str]) -> list[Event]:
        found: list[Event] = []
        for event in self.marked:
            whole = self.pattern.fullmatch(event.text) if event.kind == self.format.bare else None
            if whole and int(whole.group(1)) in written:
                found += self.format.events(self.values[int(whole.group(1))])
            else:
                found.append(event._replace(text=self._filled(event.text, written)))
        return found

    def _filled(self, text: str, written: Mapping[int, str]) -> str:
        def value(match: re.Match[str]) -> str:
            number = int(match.group(1))
            return self.values[number] if number in written else match.group()

        return self.pattern.sub(value, text)
