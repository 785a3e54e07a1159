"""Images: looked up, pulled, pushed, tagged. Whatever a registry does, each of these ends.

A pull has no time limit in the SDK, and the engine itself waits for ever for a registry that took the connection and
says nothing. So every wait for the engine is bounded, and an operation that only repeats itself counts as standing
still.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from fairlead.engine.engine import Engine
from fairlead.engine.failures import EngineDown, EngineError, NotThere, explained
from fairlead.engine.login import Login, auth_of
from fairlead.engine.registry_failures import RegistryError, refused, stalled
from fairlead.engine.transfer import Transfer
from fairlead.project.image_name import ImageName

T = TypeVar("T")
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long something is waited for, and how often tried. Times are seconds."""

    stall: float = 60.0  #: with nothing coming
    tries: int = 4
    pause: float = 1.0  #: before the second try; twice as long before each further one


@dataclass(frozen=True, slots=True)
class Remote:
    """What a registry has under a name."""

    digest: str
    platforms: tuple[str, ...]  #: `linux/amd64`; empty: it does not say


@dataclass(frozen=True)
class Images:
    """The images of one engine, and what it gets from registries."""

    engine: Engine
    logins: Mapping[str, Login] = field(default_factory=dict)  #: by registry, before what docker's own file says
    patience: Patience = Patience()

    def look_up(self, name: ImageName, tell: Tell) -> Remote:
        """What the registry has under `name` now. RegistryError."""

        def ask() -> Remote:
            raw = self._client().inspect_distribution(name.asked(), auth_config=self._auth(name))
            return Remote(raw["Descriptor"]["digest"], _platforms(raw.get("Platforms") or ()))

        return self.persistent("look up", name, ask, tell)

    def pull(self, name: ImageName, digest: str, platform: str | None, tell: Tell) -> str:
        """Have the image of that digest here; its reference, by digest. RegistryError."""

        def act() -> None:
            events = self._client().pull(
                name.familiar, tag=digest, stream=True, decode=True, platform=platform, auth_config=self._auth(name)
            )
            self._follow("pull", name, events, tell)

        self.persistent("pull", name, act, tell)
        return name.at(digest)

    def push(self, name: ImageName, tell: Tell) -> str:
        """Give the registry what is tagged `name` here; the digest that it has there. RegistryError."""

        def act() -> str:
            events = self._client().push(
                name.familiar, tag=name.tag, stream=True, decode=True, auth_config=self._auth(name)
            )
            return self._follow("push", name, events, tell)

        return self.persistent("push", name, act, tell)

    def tag(self, id: str, name: ImageName) -> None:
        """Give an image a name, which is taken from the one that had it."""
        with explained(f"tag image {id[:19]} as {name}"):
            self.engine.api.tag(id, name.familiar, name.tag, force=True)

    def untag(self, reference: str) -> bool:
        """Take a name away; an image without any is gone. Whether that could be done: one in use keeps its last."""
        try:
            with explained(f"remove the name {reference}"):
                self.engine.api.remove_image(reference)
        except NotThere:
            return True
        except EngineError as error:
            if error.status != 409:  # a container uses it
                raise
            return False
        return True

    def tags(self, repository: str) -> tuple[str, ...]:
        """Every name `REPOSITORY:TAG` that there is here."""
        with explained(f"list the images of {repository}"):
            found = self.engine.images({"reference": [repository]})
        return tuple(sorted(tag for one in found for tag in one.get("RepoTags") or ()))

    def labelled(self, labels: Mapping[str, str]) -> tuple[str, ...]:
        """The ids of the images that have these labels, the newest first."""
        with explained("list images"):
            found = self.engine.images({"label": [f"{key}={value}" for key, value in labels.items()]})
        return tuple(one["Id"] for one in sorted(found, key=lambda one: -int(one.get("Created") or 0)))

    def _auth(self, name: ImageName) -> dict[str, Any]:
        return auth_of(name.domain, self.logins)

    def _client(self) -> Any:
        """A client of its own, for one thread, all of whose waits end."""
        return bounded(self.engine, self.patience.stall)

    def _follow(self, doing: str, name: ImageName, events: Iterator[dict[str, Any]], tell: Tell) -> str:
        """Read what comes until the end; the digest, where one is said."""
        transfer, moved = Transfer(), time.monotonic()
        for event in events:
            if said := event.get("error"):
                raise refused(doing, str((event.get("errorDetail") or {}).get("message") or said), name)
            if transfer.add(event):
                moved = time.monotonic()
            elif time.monotonic() - moved > self.patience.stall:
                raise stalled(doing, name, self.patience.stall)
            if line := transfer.line(time.monotonic()):
                tell(f"{doing} {name}: {line}")
        return transfer.digest

    def persistent(self, doing: str, name: ImageName, act: Callable[[], T], tell: Tell) -> T:
        """Try again what may work the next time: a registry that is busy, a connection that broke."""
        for turn in range(1, self.patience.tries + 1):
            try:
                with self._said(doing, name):
                    return act()
            except RegistryError as error:
                if turn == self.patience.tries or not error.again:
                    raise
                pause = self.patience.pause * 2 ** (turn - 1)
                tell(f"{error.message}; trying again in {pause:g} s")
                time.sleep(pause)
        raise AssertionError("the last try returns or raises")

    @contextlib.contextmanager
    def _said(self, doing: str, name: ImageName) -> Iterator[None]:
        """What the engine says of a registry, as an error about that registry."""
        try:
            with explained(f"{doing} {name}"), _silence(doing, name, self.patience.stall):
                yield
        except RegistryError:
            raise
        except EngineError as error:
            raise refused(doing, error.message.partition(": ")[2], name) from error


@contextlib.contextmanager
def _silence(doing: str, name: ImageName, seconds: float) -> Iterator[None]:
    """An engine that answers no more while it deals with a registry: it is the registry that hangs."""
    from requests.exceptions import ConnectionError as Broken  # noqa: PLC0415 — only where there is an engine
    from requests.exceptions import ReadTimeout, RequestException  # noqa: PLC0415
    from urllib3.exceptions import ReadTimeoutError  # noqa: PLC0415

    try:
        yield
    except (ReadTimeout, ReadTimeoutError, TimeoutError) as error:
        raise stalled(doing, name, seconds) from error
    except Broken as error:
        if "timed out" in str(error).lower():
            raise stalled(doing, name, seconds) from error
        raise
    except RequestException:
        raise
    except OSError as error:
        raise EngineDown(f"the Docker engine went away: {doing} {name}: {error}", "see `docker info`") from error


def bounded(engine: Engine, seconds: float) -> Any:
    """A client of the engine of which no single wait takes longer, those of pull and build neither."""
    client = Engine(engine.host, seconds).api
    ask = client.request

    def request(method: str, url: str, **more: Any) -> Any:
        return ask(method, url, **{**more, "timeout": more.get("timeout") or seconds})

    client.request = request
    return client


def _platforms(raw: Any) -> tuple[str, ...]:
    """As `linux/arm64/v8`; what is no system (an attestation) is left out."""
    known = (one for one in raw if one.get("os") not in (None, "", "unknown"))
    parts = ((one["os"], one["architecture"], one.get("variant")) for one in known)
    return tuple("/".join(part for part in each if part) for each in parts)
