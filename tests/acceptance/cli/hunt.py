"""Looks for canary values everywhere: what commands say, files, command lines and environments of all processes."""

import contextlib
import os
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import click

from fairlead.cli.main import fairlead
from fairlead.masking.forms import forms

EVERY = 0.02  # seconds between two looks at the processes
YOUNG = 8  # looks, in which a process is likely to become another program
SELDOM = 16  # looks between two samples of an older one


@dataclass(frozen=True)
class Hit:
    """A canary that was seen: which one, in what form, where."""

    name: str
    how: str
    where: str


class Canaries:
    """Values by name, in all their forms. A form that two have in common counts for the first."""

    def __init__(self, **values):
        self._forms = []
        for name, value in values.items():
            self.add(name, value)

    def add(self, name, value):
        self._forms += [(form.encode(errors="surrogateescape"), name, how) for form, how in forms(value).items()]

    def __len__(self):
        return len(self._forms)

    def seen(self, data, where, but=()):
        """The hits in some bytes, those of the names in `but` left out."""
        return {Hit(name, how, where) for form, name, how in self._forms if name not in but and form in data}


class Sampler(threading.Thread):
    """Reads command line and environment of every process that begins, all the time: often while it is young.

    `allowed(pid, environment)` are names that a process may have in its environment.
    """

    def __init__(self, canaries, allowed=lambda pid, environment: ()):
        super().__init__(daemon=True)
        self.canaries, self.allowed = canaries, allowed
        self.hits, self.commands, self.looks = set(), set(), 0
        self._before, self._ages, self._over = pids(), {}, threading.Event()
        self._known = {}

    def run(self):
        while not self._over.wait(EVERY):
            self.look()

    def look(self):
        self.looks += 1
        now = pids()
        for pid in now - self._before:
            age = self._ages[pid] = self._ages.get(pid, 0) + 1
            if age <= YOUNG or age % SELDOM == 0:
                with contextlib.suppress(OSError):  # it ended, or is a stranger's
                    self._sample(pid)
        for gone in self._ages.keys() - now:
            del self._ages[gone]
            self._known.pop(gone, None)

    def _sample(self, pid):
        """What is as it was when it was looked through needs not be looked through again."""
        command, environment = read(f"/proc/{pid}/cmdline"), read(f"/proc/{pid}/environ")
        if self._known.get(pid) == (found := (command, environment, len(self.canaries))):
            return
        self._known[pid] = found
        words = command.rstrip(b"\0").replace(b"\0", b" ").decode(errors="replace")
        self.commands.add(words)
        self.hits |= self.canaries.seen(command, f"argv of {words[:200]}")
        but = self.allowed(pid, environment)
        self.hits |= self.canaries.seen(environment, f"environment of {words[:200]}", but)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self.join()


def read(path):
    """All of a file. OSError where it cannot be read."""
    descriptor, data = os.open(path, os.O_RDONLY), b""
    try:
        while more := os.read(descriptor, 1 << 16):
            data += more
    finally:
        os.close(descriptor)
    return data


def pids():
    """Every process there is."""
    return {name for name in os.listdir("/proc") if name.isdigit()}


def in_files(canaries, root, allowed=lambda path: ()):
    """Hits in every file below a folder; `allowed(path)` are names that a file may hold."""
    hits = set()
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            with contextlib.suppress(OSError):  # sockets
                if path.is_file() and not path.is_symlink():
                    hits |= canaries.seen(path.read_bytes(), f"file {path.relative_to(root)}", allowed(path))
    return hits


class Hunt:
    """Runs commands of a site and looks at all they say."""

    def __init__(self, site, canaries):
        self.site, self.canaries = site, canaries
        self.hits, self.ran = set(), set()

    def run(self, *arguments, code=0, but=(), stdin=None, **env):
        """One call; `but` are names of canaries that it is asked for."""
        done = self.site.call(*arguments, stdin=(stdin or "").encode(), **env)
        self.ran.add(command_of(arguments))
        said = f"\n{done.stdout.decode(errors='replace')}\n{done.stderr.decode(errors='replace')}"
        assert code is None or done.returncode == code, f"fairlead {' '.join(arguments)}: {done.returncode}{said}"
        for name in ("stdout", "stderr"):
            self.hits |= self.canaries.seen(getattr(done, name), f"{name} of fairlead {' '.join(arguments)}", but)
        return said

    def both(self, *arguments, **how):
        """For a person and for a machine."""
        return self.run(*arguments, **how) + self.run(*arguments, "--json", **how)


@cache
def commands():
    """Every command that there is, as the words that call it."""

    def below(command, context, words):
        if not isinstance(command, click.Group):
            return {words}
        found = {name: command.get_command(context, name) for name in command.list_commands(context)}
        return {leaf for name, one in found.items() for leaf in below(one, context, (*words, name))}

    return below(fairlead, click.Context(fairlead), ())


def command_of(arguments):
    """The words of a call that name the command."""
    return next(words for words in commands() if tuple(arguments[: len(words)]) == words)
