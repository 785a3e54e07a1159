"""What an environment's services are handed: the values of its back end, read at the last moment."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from fairlead.errors import FairleadError, Refused
from fairlead.masking import Secret
from fairlead.operations.secrets.ensure import ensure
from fairlead.operations.templates import plain_values, read_template
from fairlead.project.access import derived_names
from fairlead.project.documents import JWKS, document_of
from fairlead.project.loader import shown_path
from fairlead.project.stack import Stack
from fairlead.render.template import used
from fairlead.secrets.base import Backend
from fairlead.secrets.consumers import secret_names
from fairlead.secrets.delivery import Handful
from fairlead.secrets.fingerprint import key_of
from fairlead.secrets.keyset import key_list, key_set
from fairlead.secrets.rotation.slot import slots
from fairlead.secrets.table import backend_of, elsewhere
from fairlead.secrets.templates import Recipe, pack
from fairlead.stores.handover import handed_over, url_secrets
from fairlead.stores.table import stores_of
from fairlead.system.home import Place


@dataclass(frozen=True)
class Supply:
    """The secrets of one environment. Nothing is asked for when its services name none."""

    stack: Stack
    root: Path  #: folder of the project file
    place: Place

    @cached_property
    def backend(self) -> Backend:
        """Where the values are kept."""
        return backend_of(self.stack, self.root)

    @cached_property
    def needed(self) -> tuple[str, ...]:
        """The names that somebody gets, or a file that somebody gets is made with. ConfigurationError."""
        declared = {one.name for one in self.stack.secrets}
        in_files = {name for text in self._texts.values() for name in used(text) if name in declared}
        return tuple(sorted({*secret_names(self.stack), *in_files, *url_secrets(self.stack)}))

    @cached_property
    def _texts(self) -> dict[str, str]:
        """The templates with secrets, by where they go."""
        return {one.target: read_template(one, self.root) for one in self.stack.templates if one.secret}

    def make(self) -> tuple[str, ...]:
        """Have those that Fairlead makes; the names that were made now. Unavailable, ReadOnly."""
        return ensure(self.stack, self.backend) if self.needed else ()

    def missing(self) -> tuple[str, ...]:
        """The needed ones that have no value, and that nobody will make. Unavailable."""
        made = {one.name for one in self.stack.secrets if one.generate}
        return tuple(name for name in self._without_value() if name not in made)

    def _without_value(self) -> tuple[str, ...]:
        found = self._values()
        return tuple(name for name in self.needed if not found.get(name))

    def read(self) -> Handful:
        """Everything, whole. Refused, with the names, when a value is missing; Unavailable."""
        values = self._values()
        self._require(values)
        return self._handful(values)

    def look(self) -> Handful:
        """What there is, without those that are not made yet."""
        return self._handful(self._values())

    def values(self) -> dict[str, Secret]:
        """What stores are handed too, whole. Refused, with the names, when a value is missing; Unavailable."""
        values = self._values()
        self._require(values)
        rotated = slots(self.place.secrets)
        return {name: rotated[name].counting()[0] if name in rotated else value for name, value in values.items()}

    def _require(self, values: Mapping[str, Secret]) -> None:
        missing = [name for name in self.needed if not values.get(name)]
        if missing:
            raise Refused(f"no value for {', '.join(missing)} in {self.backend.where}", self.hint(missing))

    def _values(self) -> dict[str, Secret]:
        return self.backend.get(self.needed) if self.needed else {}

    def hint(self, names: Sequence[str]) -> str:
        """How to give them a value."""
        place = elsewhere(self.stack.secret_backend)
        if place:
            return f"set {names[0]} {place}"
        return f"fairlead secrets set {self.stack.environment} {names[0]}"

    def environ(self) -> dict[str, str]:
        """Where addresses that `notify` names are looked for: the variables of this process, and above them those
        that are declared as secrets. One that cannot be had is left out: word is not worth a deployment.
        """
        declared = {one.name for one in self.stack.secrets}
        names = sorted({one.secret for one in self.stack.notify} & declared)
        found: dict[str, Secret] = {}
        with contextlib.suppress(FairleadError):
            found = self.backend.get(names) if names else {}
        return dict(os.environ) | {name: value.reveal() for name, value in found.items()}

    def _handful(self, values: Mapping[str, Secret]) -> Handful:
        """What is being rotated comes from its slot, where services have it from."""
        rotated = slots(self.place.secrets)
        counting = {name: rotated[name].counting() if name in rotated else (value,) for name, value in values.items()}
        files = {name: content_of(keys[0]) for name, keys in counting.items()}
        files |= self._of_stores({name: keys[0] for name, keys in counting.items()})
        for name, keys in counting.items():
            if document := document_of(self.stack, name):
                files[document] = document_text(document, name, keys)
        whole = set(self.needed) <= values.keys()
        recipes = tuple(self._recipes({name: keys[0] for name, keys in counting.items()})) if whole else ()
        files |= {one.target: one.filled() for one in recipes}
        return Handful(files, key_of(self.place.root.parent), pack(recipes)) if files else Handful()

    def _of_stores(self, values: Mapping[str, Secret]) -> dict[str, bytes]:
        """How services reach what they use; nothing of a store that was never made."""
        if not derived_names(self.stack):
            return {}
        found = handed_over(self.stack, stores_of(self.stack.runtime, self.place), values)
        return {name: content_of(value) for name, value in found.items()}

    def _recipes(self, values: Mapping[str, Secret]) -> Iterator[Recipe]:
        plain = plain_values(self.stack)
        for one in (one for one in self.stack.templates if one.secret):
            names = set(used(self._texts[one.target]))
            mine = {name: value.reveal() for name, value in values.items() if name in names}
            file = shown_path(self.root / one.source)
            yield Recipe(one.target, self._texts[one.target], one.format, file, plain | mine)


def content_of(value: Secret) -> bytes:
    """As it is written to a file: exactly what was given, odd bytes too."""
    return value.reveal().encode(errors="surrogateescape")


def document_text(document: str, name: str, keys: Sequence[Secret]) -> bytes:
    """The document beside a key that signs; of `keys` the first one does. FairleadError when one is no key."""
    return key_set(name, keys) if document.endswith(JWKS) else key_list(keys)


def told(supply: Supply, say: Callable[[str, str], object]) -> None:
    """Have the generated ones, and say which were made now."""
    made = supply.make()
    if made:
        say("note", f"made {', '.join(made)} in {supply.backend.where}")
