"""The scanner of ruamel.yaml with less to do: reading YAML is most of what a command does before it begins.

Its parser asks several times of each token whether that is the next one, and each time it was looked at every place
where a key may have begun. Mostly there is none. What tokens there are is the same.
"""

from __future__ import annotations

from typing import Any

from ruamel.yaml.scanner import Scanner


class QuickScanner(Scanner):
    """Knows when there is nothing to look for."""

    def check_token(self, *choices: Any) -> bool:
        """Whether the next token is of one of these kinds; of any, when none is named."""
        while self.need_more_tokens():
            self.fetch_more_tokens()
        return bool(self.tokens) and (not choices or isinstance(self.tokens[0], choices))

    def need_more_tokens(self) -> bool:
        """Whether what the next token is follows from those after it."""
        if self.done or not self.tokens:
            return not self.done
        return bool(self.possible_simple_keys) and super().need_more_tokens()

    def stale_possible_simple_keys(self) -> None:
        """Forget places where a key can no longer have begun."""
        if self.possible_simple_keys:
            super().stale_possible_simple_keys()
