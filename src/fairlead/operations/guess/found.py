"""The web service of a folder, from whatever says how it starts: its code, a Procfile, a Dockerfile."""

from __future__ import annotations

from dataclasses import replace

from fairlead.operations.adopt import dockerfile, procfile
from fairlead.operations.adopt.names import fitting
from fairlead.operations.adopt.reading import Folder
from fairlead.operations.guess import node, python, spring
from fairlead.operations.guess.service import Guess

_VIRTUAL = ".venv/"


def found(folder: Folder) -> Guess | None:
    """The guess; None when nothing in the folder says how to start something."""
    guess = python.guess(folder.root) or node.guess(folder.root) or spring.guess(folder.root)
    kinds = procfile.read(folder("Procfile") or "")
    if kinds:
        guess = _with_procfile(guess or Guess("", because=("a Procfile",)), kinds)
    image = folder("Dockerfile")
    return _with_dockerfile(guess, dockerfile.read(image)) if image is not None else guess


def _with_procfile(guess: Guess, kinds: dict[str, str]) -> Guess:
    """Its commands count: they are what runs today."""
    virtual = _VIRTUAL in guess.ignored
    made = {name: procfile.command(line, virtual) for name, line in kinds.items()}
    taken = tuple(dict.fromkeys(name for _, names in made.values() for name in names))
    also = {fitting(name): line for name, (line, _) in made.items() if name not in ("web", "release")}
    said = "commands from the Procfile" + (f", which take {', '.join(taken)}" if taken else "")
    command = made["web"][0] if "web" in made else guess.command
    if not command and also:
        command = also.pop(next(iter(also)))
        said += "; no process is called web: the first one stands for it"
    before = made["release"][0] if "release" in made else None
    return replace(guess, command=command, also=also, before=before, variables=taken, because=(*guess.because, said))


def _with_dockerfile(guess: Guess | None, image: dockerfile.Image) -> Guess:
    """The image of a service, and all that is known of one where nothing else is."""
    if guess is not None:
        return replace(guess, dockerfile=True, because=(*guess.because, "a Dockerfile, for containers"))
    said = [f"EXPOSE {image.ports[0]}" if image.ports else "no EXPOSE: port 8000"]
    said += [f"starts as {image.command or image.entrypoint}"] if image.command or image.entrypoint else []
    said += [f"runs as {image.user}" if image.user else "runs as root: the Dockerfile has no USER"]
    port = image.ports[0] if image.ports else 8000
    because = ("a Dockerfile", *said)
    return Guess("", because=because, port=port, dockerfile=True, container=True, check=image.check or None)
