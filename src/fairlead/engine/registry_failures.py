"""What registries say when they say no, and what to do about it. Pure.

The engine asks registries for us and passes on what they said as text; there is no code in it that can be relied on.
So the words are read: those of the engine (moby), of the Distribution registry and of Docker Hub.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from fairlead.engine.failures import EngineError
from fairlead.project.image_name import HUB, ImageName


class RegistryError(EngineError):
    """A registry did not give, or not take, an image. `again`: it may work when it is tried again."""

    again = False
    absent = False  #: the registry answers, and has nothing of that name


class Stalled(RegistryError):
    """Nothing moved for too long."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a refusal means."""

    again: bool  #: it may work when it is tried again
    hint: str
    absent: bool = False  #: there is nothing of that name


@dataclass(frozen=True, slots=True)
class _Row:
    said: re.Pattern[str]
    again: bool
    hint: str
    absent: bool


def _row(said: str, hint: str, again: bool = False, absent: bool = False) -> _Row:
    return _Row(re.compile(said, re.IGNORECASE), again, hint, absent)


_ROWS = (
    _row(
        r"no space left on device",
        "free disk space where the engine keeps its data: docker system df",
    ),
    _row(
        r"toomanyrequests|rate limit|\b429\b",
        "log in, which allows more: docker login {domain}; or wait",
    ),
    _row(
        r"no matching manifest|does not match the specified platform",
        "name the platform that it is made for under `platform`, or have it made for this one",
    ),
    _row(
        r"unauthori[sz]ed|authentication required|no basic auth|incorrect username|denied|forbidden|\b40[13]\b",
        "see that {name} is its name, and log in as somebody who may: docker login {domain}, "
        "or `user` and `secret` under `registry`",
    ),
    _row(
        r"manifest unknown|name unknown|not found|name not known|does not exist|\b404\b",
        "see that {name} is its name and that it was pushed there",
        absent=True,
    ),
    _row(
        r"gave HTTP response to HTTPS client",
        "{domain} speaks plain HTTP, which the engine has to be told: insecure-registries in /etc/docker/daemon.json",
    ),
    _row(
        r"x509|certificate",
        "the engine does not trust its certificate: put its authority's into /etc/docker/certs.d/{domain}/ca.crt",
    ),
    _row(
        r"no such host|server misbehaving|name resolution",
        "see that {where} is its name, and that this machine can look names up",
        again=True,
    ),
    _row(
        r"\b5\d\d\b|internal server error|bad gateway|unavailable|connection re|broken pipe|\bEOF\b|time(d )?out|"
        r"deadline|cancell?ed|network is unreachable|no route to host",
        "see that {where} is up and can be reached from here, then run this again",
        again=True,
    ),
)


def read(said: str, name: ImageName) -> Reading:
    """What `said` means for the image `name`. What nobody knows is not tried again."""
    for row in _ROWS:
        if row.said.search(said):
            return Reading(
                row.again, row.hint.format(domain=shown_domain(name.domain), where=called(name), name=name), row.absent
            )
    return Reading(False, f"see whether `docker pull {name.asked()}` says more")


def called(name: ImageName) -> str:
    """The registry of an image, for a person."""
    return "Docker Hub" if name.domain == HUB else name.domain


def shown_domain(domain: str) -> str:
    """As it is typed after `docker login`: nothing for Docker Hub."""
    return "" if domain == HUB else domain


def refused(doing: str, said: str, name: ImageName) -> RegistryError:
    """The error of it. `doing`: pull, push, look up."""
    reading = read(said, name)
    error = RegistryError(
        f"could not {doing} {name}: {called(name)} says: {tidy(said)}", " ".join(reading.hint.split())
    )
    error.again, error.absent = reading.again, reading.absent
    return error


def tidy(said: str) -> str:
    """One line, without the addresses that the engine asked, which may hold a token of one use."""
    text = re.sub(r"\?[^\s\"]+", "", " ".join(said.split()))
    return text.strip().rstrip(".")


def stalled(doing: str, name: ImageName, seconds: float) -> Stalled:
    """The error of one that hangs."""
    where = called(name)
    hint = f"see that {where} is up and can be reached from here, then run this again"
    return Stalled(f"could not {doing} {name}: nothing came from {where} for {seconds:g} s", hint)
