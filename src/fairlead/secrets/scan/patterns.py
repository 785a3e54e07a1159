"""What looks like a secret to detect-secrets: its plugins, without its settings, baselines and questions to servers.

Each rule is tried on a whole text, which is ten times as fast as line by line, and what it finds on its line again.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from fairlead.errors import FairleadError
from fairlead.secrets.scan import harmless
from fairlead.secrets.scan.leak import Match

if TYPE_CHECKING:
    from detect_secrets.plugins.base import BasePlugin
    from detect_secrets.plugins.high_entropy_strings import HighEntropyStringsPlugin

BASIC_AUTH = "Basic Auth Credentials"  #: what the library calls user and password in an address
#: kinds that the library does not know; what begins with letters is found ten times as fast as what begins with \b
MORE = (
    ("age Secret Key", re.compile(r"AGE-(?<!\wAGE-)(?:SECRET-KEY|PLUGIN-[A-Z0-9]+)-(?:PQ-)?1[02-9AC-HJ-NP-Z]{40,}")),
    ("Vault Token", re.compile(r"hv(?<!\whv)[sbr]\.[\w-]{24,}")),
    ("GitHub Token", re.compile(r"github_pat_(?<!\wgithub_pat_)\w{40,}")),
    ("Google API Key", re.compile(r"AIza(?<!\wAIza)[\w-]{35}\b")),
)
NO_SECRETS = frozenset({"Public IP (ipv4)"})  #: kinds of the library that are none
SHORTEST_KEY = 8  #: characters; of some kinds the library says the first letters alone
#: how rules begin that the library makes of a name and a value; they are slow, and all of them need what follows
GIVEN = r"(?:(?<=\W)|(?<=^))"
NEEDED = re.compile(r"""(?:key|pw|pwd|password|pass|token)["']?\]? *(?:=|:|:=|=>| +|::) *["']?[a-z0-9_-]{24}""")
LONGEST_LINE = 2000  #: characters; names and values of a longer one (minified code) are not looked at one by one


class Lines:
    """A text, and where its lines begin."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def small(self) -> str | None:
        """All letters small: to look for words in it takes a tenth of the time. None where places are others then."""
        small = self.text.lower().replace("ſ", "s").replace("ı", "i")  # as `re.IGNORECASE` takes them
        return small if len(small) == len(self.text) else None

    @cached_property
    def gives(self) -> bool:
        """Whether something in it may be given to a key or password."""
        return self.small is None or NEEDED.search(self.small) is not None

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self.text))]

    def number(self, place: int) -> int:
        """The line of a place, from 1."""
        return bisect_right(self._starts, place)

    def start(self, number: int) -> int:
        """Where that line begins."""
        return self._starts[number - 1]

    def line(self, number: int) -> str:
        """The line, without its end; empty when there is no such line."""
        if not 1 <= number <= len(self._starts):
            return ""
        end = self._starts[number] if number < len(self._starts) else len(self.text)
        return self.text[self._starts[number - 1] : end].rstrip("\r\n")

    def line_at(self, place: int) -> tuple[int, str]:
        """The line of a place, and where that begins."""
        number = self.number(place)
        return self.start(number), self.line(number)


class Patterns:
    """The plugins, made once. FairleadError when detect-secrets is not installed."""

    def __init__(self) -> None:
        try:
            from detect_secrets.core.plugins.util import (  # noqa: PLC0415 — an extra; brings requests
                get_mapping_from_secret_type_to_class,
            )
            from detect_secrets.plugins.high_entropy_strings import HighEntropyStringsPlugin  # noqa: PLC0415
            from detect_secrets.plugins.keyword import DENYLIST, KeywordDetector  # noqa: PLC0415
        except ModuleNotFoundError as error:
            hint = 'install it: pip install "fairlead[scan]"'
            raise FairleadError("the scan needs detect-secrets, which is not installed", hint) from error
        classes: dict[str, Any] = get_mapping_from_secret_type_to_class()
        made = [kind() for name, kind in sorted(classes.items()) if name not in NO_SECRETS]
        self._random: list[Any] = [one for one in made if isinstance(one, HighEntropyStringsPlugin)]
        self._shapes: list[Any] = [one for one in made if hasattr(one, "denylist")]
        self._named = next(one for one in made if isinstance(one, KeywordDetector))
        self._names = {flags: re.compile("|".join(DENYLIST), flags) for flags in (re.NOFLAG, re.I)}

    def find(self, path: str, text: str) -> Iterator[Match]:
        """What looks like a secret in the text of a file, and is not plainly harmless."""
        lines = Lines(text)
        for kind, rule in MORE:
            for found in rule.finditer(text):
                if not harmless.known_form(found[0], lines.line_at(found.start())[1], ""):
                    yield Match(found.start(), found.end(), kind)
        for plugin in self._shapes:
            yield from self._shaped(plugin, lines)
        if not harmless.is_made_of_hashes(path):
            for plugin in self._random:
                yield from self._drawn(plugin, lines)
            yield from self._assigned(path, lines)

    def _shaped(self, plugin: BasePlugin, lines: Lines) -> Iterator[Match]:
        """Keys that are known by their form."""
        for rule in plugin.denylist:  # type: ignore[attr-defined]
            if rule.pattern.startswith(GIVEN) and not lines.gives:
                continue
            for found in rule.finditer(lines.text):
                said = max((n for n in range(1, rule.groups + 1) if found[n]), default=0)
                if plugin.secret_type == BASIC_AUTH and harmless.password(found[said]):
                    continue
                _, line = lines.line_at(found.start(said))
                if found[said] not in plugin.analyze_string(line):  # some rules are followed by a test
                    continue
                group = said if len(found[said]) >= SHORTEST_KEY or plugin.secret_type == BASIC_AUTH else 0
                after = lines.text[found.end() : found.end() + 400]
                if not harmless.known_form(found[group], line, after):
                    yield Match(found.start(group), found.end(group), plugin.secret_type)

    def _drawn(self, plugin: HighEntropyStringsPlugin, lines: Lines) -> Iterator[Match]:
        """Strings in quotes that were drawn at random; of so few letters there is none that is random enough."""
        few = 2**plugin.entropy_limit
        for found in plugin.regex.finditer(lines.text):
            value = found[2]
            if len(set(value)) >= few and plugin.calculate_shannon_entropy(value) > plugin.entropy_limit:
                start, line = lines.line_at(found.start(2))
                if len(line) <= LONGEST_LINE and not harmless.drawn(value, line[: found.start(2) - start], line):
                    yield Match(found.start(2), found.end(2), plugin.secret_type)

    def _assigned(self, path: str, lines: Lines) -> Iterator[Match]:
        """What is given to something that is called a password."""
        text, flags = (lines.text, re.I) if lines.small is None else (lines.small, re.NOFLAG)
        numbers = {lines.number(found.start()) for found in self._names[flags].finditer(text)}
        for number in sorted(numbers):
            line = lines.line(number)
            if len(line) > LONGEST_LINE:
                continue
            for found in self._named.analyze_line(path, line, number):
                value = found.secret_value or ""
                if not harmless.assigned(value, line):
                    start = lines.start(number) + max(line.find(value), 0)
                    yield Match(start, start + len(value), self._named.secret_type)
