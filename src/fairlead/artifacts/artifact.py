"""Artifacts: a source tree with everything `prepare` makes of it, built once, then used by any number of releases.

    <root>/<digest>/           one artifact (see `slot`)
    <root>/layers/<hash>/      what `prepare` made of its declared inputs, shared by artifacts with the same inputs
    <root>/locks/              256 lock files for each kind; they stay, removing one would let two builders in

With `inputs`, the commands run in a layer that holds copies of the inputs and nothing else, and what they create is
linked into each artifact that uses it: unchanged dependencies are neither installed nor copied again. Without, they
run in the artifact's own tree.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fairlead.artifacts.prepare import inputs_of, interpreter, parse, run_all
from fairlead.artifacts.slot import Facts, Slot, said
from fairlead.artifacts.source import SourceFile, SourceTree, digest_files, scan
from fairlead.artifacts.tree import copy_files, lay_over
from fairlead.errors import FairleadError
from fairlead.project.stack import Prepare

_NAME = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Artifact:
    """A complete artifact. `path` is its tree; `seconds` what building it took, 0 when it was there."""

    digest: str
    path: Path
    built: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class _Recipe:
    """All that decides what an artifact is."""

    source: SourceTree
    prepare: Prepare | None
    inputs: tuple[SourceFile, ...]

    @property
    def digest(self) -> str:
        return _hash({"source": self.source.digest, **self._commands()})

    @property
    def layer(self) -> str | None:
        """The name of the layer it uses."""
        return _hash({"inputs": digest_files(self.inputs), **self._commands()}) if self.inputs else None

    def _commands(self) -> Facts:
        """Without commands the interpreter does not matter, and its upgrade does not rename the artifact."""
        if self.prepare is None or not self.prepare.run:
            return {}
        return {"run": list(self.prepare.run), "named": list(self.prepare.inputs), "interpreter": interpreter()}


def _hash(facts: Facts) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _recipe(source: Path, prepare: Prepare | None) -> _Recipe:
    tree = scan(source)
    for line in prepare.run if prepare else ():
        parse(line)
    return _Recipe(tree, prepare, inputs_of(tree, prepare) if prepare and prepare.run else ())


def _quiet(line: str) -> None:
    """Nobody listens."""


class ArtifactStore:
    """All artifacts below one folder, shared by the environments of a project; several processes may use it at once."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    def digest_of(self, source: Path, prepare: Prepare | None) -> str:
        """The digest `ensure` would give, without building. Errors as `scan`, and for bad commands and inputs."""
        return _recipe(source, prepare).digest

    def ensure(self, source: Path, prepare: Prepare | None, on_line: Callable[[str], None] = _quiet) -> Artifact:
        """The artifact of `source`, built now if it is not there; `on_line` gets the output of the commands.

        FairleadError when a command fails or the disk is full; nothing is left behind then. When another process is
        building the same, it waits and uses that one.
        """
        recipe = _recipe(source, prepare)
        if self.exists(recipe.digest):
            return Artifact(recipe.digest, self.path(recipe.digest), False, 0.0)
        begun = time.monotonic()
        with said(self.root), self._slot(recipe.digest).held(on_line):
            built = self._build(recipe, on_line)
        return Artifact(recipe.digest, self.path(recipe.digest), built, time.monotonic() - begun if built else 0.0)

    def _build(self, recipe: _Recipe, on_line: Callable[[str], None]) -> bool:
        slot = self._slot(recipe.digest)
        with self._layer(recipe, on_line) as layer:
            if slot.complete():
                return False
            slot.build(lambda tree: _fill(tree, recipe, layer, on_line))
        return True

    @contextlib.contextmanager
    def _layer(self, recipe: _Recipe, on_line: Callable[[str], None]) -> Iterator[Slot | None]:
        """The layer of the recipe, complete. It is held until the artifact names it, or `sweep` would see it unused."""
        if recipe.layer is None:
            yield None
            return
        slot = self._layer_slot(recipe.layer)
        with slot.held(on_line):
            if not slot.complete():
                slot.build(lambda tree: _fill_layer(tree, recipe, on_line))
            yield slot

    def path(self, digest: str) -> Path:
        """The tree of an artifact, whether it is there or not."""
        return self._slot(digest).tree

    def exists(self, digest: str) -> bool:
        """Whether the artifact is complete, its layer too."""
        facts = self._slot(digest).facts()
        return facts is not None and (facts["layer"] is None or self._layer_slot(facts["layer"]).complete())

    def verify(self, digest: str) -> None:
        """Hash the artifact and its layer again. FairleadError naming the first file that changed since the build."""
        what = f"artifact {digest[:12]}"
        slot = self._slot(digest)
        slot.verify(what)
        layer = (slot.facts() or {}).get("layer")
        if layer is not None:
            self._layer_slot(layer).verify(what)

    def added(self, digest: str) -> tuple[str, ...]:
        """What services wrote into a complete artifact, though it is read-only: root may do that."""
        return self._slot(digest).added()

    def remove(self, digest: str) -> None:
        """Remove an artifact; nothing happens when it is not there. Its layer goes with the next `sweep`."""
        slot = self._slot(digest)
        if slot.folder.exists():
            with said(self.root), slot.held(_quiet):
                slot.clear()

    def all(self) -> set[str]:
        """The digests of all complete artifacts."""
        return {name for name in _names(self.root) if self._slot(name).complete()}

    def sweep(self) -> tuple[str, ...]:
        """Remove what dead builders left and layers no artifact uses; returns the folders. Live builds stay."""
        with said(self.root):
            found = [self._slot(name) for name in _names(self.root)]
            halves = [slot.folder for slot in found if _clear_if(slot, lambda slot: not slot.complete())]
            layers = [self._layer_slot(name) for name in _names(self.root / "layers")]
            unused = [slot.folder for slot in layers if _clear_if(slot, self._is_unused)]
        return tuple(str(folder) for folder in halves + unused)

    def _is_unused(self, layer: Slot) -> bool:
        """Asked while the layer is held: no builder is about to name it."""
        facts = (self._slot(digest).facts() for digest in _names(self.root))
        return not layer.complete() or all(each is None or each["layer"] != layer.folder.name for each in facts)

    def _slot(self, digest: str) -> Slot:
        if not _NAME.fullmatch(digest):
            raise FairleadError(f"{digest!r} is not the digest of an artifact", "a digest has 64 hex digits")
        return Slot(self.root / digest, self.root / "locks" / f"artifact-{digest[:2]}")

    def _layer_slot(self, name: str) -> Slot:
        return Slot(self.root / "layers" / name, self.root / "locks" / f"layer-{name[:2]}")


def _names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir() if _NAME.fullmatch(each.name)) if folder.is_dir() else []


def _clear_if(slot: Slot, condition: Callable[[Slot], bool]) -> bool:
    """Clear the slot when nobody holds it and the condition is true once it is held."""
    if not condition(slot):
        return False
    with slot.tried() as taken:
        if not (taken and condition(slot)):
            return False
        slot.clear()
    return True


def _fill(tree: Path, recipe: _Recipe, layer: Slot | None, on_line: Callable[[str], None]) -> Facts:
    copy_files(recipe.source, recipe.source.files, tree)
    if layer is not None:
        lay_over(layer.tree, recipe.inputs, tree)
    elif recipe.prepare is not None:
        run_all(recipe.prepare, tree, on_line)
    return {"digest": recipe.digest, "source": recipe.source.digest, "layer": layer.folder.name if layer else None}


def _fill_layer(tree: Path, recipe: _Recipe, on_line: Callable[[str], None]) -> Facts:
    copy_files(recipe.source, recipe.inputs, tree)
    if recipe.prepare is not None:
        run_all(recipe.prepare, tree, on_line)
    return {"inputs": [file.path for file in recipe.inputs]}
