"""The engine, by the calls that Fairlead needs. Each says in its error what it was doing and what helps.

Everything is idempotent where the engine is not: what is there already is fine, what is gone already too.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import quote

from fairlead.engine.direct import NEWEST, DirectEngine, newer
from fairlead.engine.facts import (
    ContainerFacts,
    EngineFacts,
    ImageFacts,
    Ran,
    container_facts,
    image_facts,
)
from fairlead.engine.failures import EngineError, NotThere, explained
from fairlead.engine.limits import bounded, most_of
from fairlead.engine.streams import joined, read_all
from fairlead.errors import FairleadError
from fairlead.project.stack_container import Resources
from fairlead.render.container import ContainerSpec, Joined, creation

TIMEOUT = 60.0  #: seconds for one answer of the engine
SENT = 0.2  #: seconds after which a request is there, though it is not answered
LATER = 0.2  #: seconds by which it may hear later of a lack of memory than of the end that this brought
MACHINES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}  #: uname → images


class Engine:
    """A Docker engine. `host` as in DOCKER_HOST; None: what the environment says."""

    def __init__(self, host: str | None = None, timeout: float = TIMEOUT) -> None:
        self.host = host
        self.timeout = timeout

    @cached_property
    def api(self) -> Any:
        """The SDK's client. EngineDown when nothing answers."""
        try:
            import docker  # noqa: PLC0415 — start-up time
            from docker.utils import kwargs_from_env  # noqa: PLC0415
        except ModuleNotFoundError as error:
            hint = "pip install 'fairlead[docker]'; on a host: fairlead host install ENV"
            raise FairleadError(f"what talks to Docker is not installed: {error.name}", hint) from None

        environment = os.environ | ({"DOCKER_HOST": self.host} if self.host else {})
        with explained("connect"):
            version = (self._direct.version() if self._direct else "") or "auto"
            api = docker.APIClient(**kwargs_from_env(environment=environment), version=version, timeout=self.timeout)
            return api if self._direct else _known(api)

    def facts(self) -> EngineFacts:
        """What it is."""
        with explained("ask what it is"):
            info, version = self.api.info(), self.api.version()
        options = " ".join(info.get("SecurityOptions") or ())
        machine = info.get("Architecture", "")
        return EngineFacts(
            version.get("Version", ""), version.get("ApiVersion", ""), MACHINES.get(machine, machine),
            info.get("DockerRootDir", ""), bool(info.get("LiveRestoreEnabled")), "rootless" in options, dict(info),
        )  # fmt: skip

    @cached_property
    def _most(self) -> Resources:
        """What one container may use where its spec says nothing."""
        return most_of(self._get("/info"))

    @cached_property
    def _direct(self) -> DirectEngine | None:
        """The same engine without the SDK, where a socket of this machine leads to it."""
        return DirectEngine.here(self.host, self.timeout)

    def _get(self, path: str, filters: Mapping[str, Sequence[str]] | None = None, **query: str) -> Any:
        """What it answers to a question."""
        asked = query | ({"filters": json.dumps(filters)} if filters else {})
        if self._direct:
            return self._direct.get(path, asked)
        return self.api._result(self.api._get(self.api._url(path), params=asked), json=True)

    def ping(self) -> None:
        """EngineDown when it does not answer. `facts` says that too, and has the engine run programs for it."""
        with explained("ask whether it is there"):
            if self._direct:
                self._direct.ping()
            else:
                self.api.ping()

    def containers(self, labels: Mapping[str, str], of: Iterable[tuple[str, str]] = ()) -> tuple[ContainerFacts, ...]:
        """All that have these labels, running or not, sorted by name. `of`: and one of these, each a name and a value.

        One question for the list, and one for each: only for those that are wanted.
        """
        with explained("list containers"):
            found = self._get("/containers/json", _labelled(labels), all="1")
        wanted = set(of)
        chosen = (one for one in found if not wanted or wanted & (one.get("Labels") or {}).items())
        seen = (self.container(one["Id"]) for one in chosen)
        return tuple(sorted((one for one in seen if one), key=lambda one: one.name))

    def names(self) -> dict[str, dict[str, str]]:
        """The labels of every container there is, whoever made it, by name."""
        with explained("list containers"):
            return _labels(self._get("/containers/json", all="1"))

    def members(self, network: str) -> dict[str, dict[str, str]]:
        """The same of those that are in a network, given by its id, running or not."""
        with explained(f"list who is in network {network}"):
            return _labels(self._get("/containers/json", {"network": [network]}, all="1"))

    def publisher(self, port: int) -> ContainerFacts | None:
        """The container that has this port of the machine; None when none does."""
        with explained(f"ask who publishes port {port}"):
            found = self._get("/containers/json", {"publish": [str(port)]})
        named = (one for one in found if any(each.get("PublicPort") == port for each in one.get("Ports") or ()))
        return next((self.container(one["Id"]) for one in named), None)

    def container(self, name: str) -> ContainerFacts | None:
        """One by name or id; None when there is none."""
        try:
            with explained(f"look at container {name}"):
                return container_facts(self._get(f"/containers/{_quoted(name)}/json"))
        except NotThere:
            return None

    def heard(self, id: str, event: str) -> list[dict[str, Any]]:
        """What happened to a container, of one kind (`die`, `oom`), the oldest first, as `GET /events` says it.

        As much as the engine remembers: 256 events of all. What it hears in the next moment is in it.
        """
        chosen = {"container": [id], "event": [event]}
        with explained(f"ask what became of container {id[:12]}"):
            return list(self.api.events(1, f"{time.time() + LATER:.6f}", chosen, decode=True))

    def create(self, spec: ContainerSpec) -> str:
        """Make it, in all its networks, not started; its id. EngineError when the name is taken."""
        with explained(f"create container {spec.name}"):
            body = creation(bounded(spec, self._most))
            id = str(self.api.create_container_from_config(body, spec.name)["Id"])
        try:
            for one in spec.networks[1:]:
                self.join(id, one)
        except EngineError:
            self.remove(id)
            raise
        return id

    def join(self, name: str, one: Joined) -> None:
        """Have a container in a network."""
        with explained(f"connect {name} to network {one.network}"):
            self.api.connect_container_to_network(
                name,
                one.network,
                aliases=list(one.aliases),
                links=list(one.links) or None,
                ipv4_address=one.address or None,
            )

    def leave(self, name: str, network: str) -> None:
        """Have a container in a network no longer."""
        try:
            with explained(f"disconnect {name} from network {network}"):
                self.api.disconnect_container_from_network(name, network, force=True)
        except EngineError as error:
            if error.status != 404 and "not connected" not in error.message:  # 500 is the engine's word for that
                raise

    def start(self, name: str) -> None:
        """Start it; nothing happens when it runs."""
        with explained(f"start container {name}"):
            self.api.start(name)

    def signal(self, name: str, signal: str) -> None:
        """Send a signal to its first process; nothing happens when it does not run."""
        try:
            with explained(f"send {signal} to container {name}"):
                self.api.kill(name, signal)
        except EngineError as error:
            if error.status not in (404, 409):
                raise

    def pause(self, name: str) -> None:
        """Have all of it stand still. EngineError when it does not run; nothing happens when it does so already."""
        facts = self.container(name)
        if facts is None or facts.state != "paused":
            with explained(f"pause container {name}"):
                self.api.pause(name)

    def unpause(self, name: str) -> None:
        """Have it go on; nothing happens when it does not stand still, or is gone."""
        facts = self.container(name)
        if facts is not None and facts.state == "paused":
            with contextlib.suppress(NotThere), explained(f"unpause container {name}"):
                self.api.unpause(name)

    def stop(self, name: str, grace: float) -> None:
        """Its stop signal, SIGKILL after `grace` seconds; returns when it has ended."""
        with contextlib.suppress(NotThere), explained(f"stop container {name}"):
            self.api.stop(name, timeout=max(0, round(grace)))

    def begin_stop(self, name: str, grace: float) -> None:
        """The same without waiting: the engine sees it through, whether or not anybody listens."""
        from requests.exceptions import ReadTimeout  # noqa: PLC0415

        url = self.api._url("/containers/{0}/stop", name)
        with contextlib.suppress(NotThere), explained(f"stop container {name}"):
            try:
                answer = self.api._post(url, params={"t": max(0, round(grace))}, timeout=(self.timeout, SENT))
            except ReadTimeout:
                return
            self.api._raise_for_status(answer)

    def remove(self, name: str, volumes: bool = True) -> None:
        """End and forget it; with its `volumes` without a name, unless they are to stay."""
        with contextlib.suppress(NotThere), explained(f"remove container {name}"):
            self.api.remove_container(name, v=volumes, force=True)

    def rename(self, name: str, new: str) -> None:
        """Call it something else."""
        with explained(f"rename container {name}"):
            self.api.rename(name, new)

    def keep_ended(self, name: str) -> None:
        """Have nobody start it again once it has ended; nothing happens when it has, which cannot be changed then."""
        try:
            with explained(f"change container {name}"):
                self.api.update_container(name, restart_policy={"Name": "no"})
        except EngineError:
            if (found := self.container(name)) and found.running:
                raise

    def wait(self, name: str, seconds: float) -> int | None:
        """Until it has ended; its exit code, None when it runs on after `seconds`. EngineDown when the engine ended."""
        from requests.exceptions import ConnectionError as Broken  # noqa: PLC0415
        from requests.exceptions import ReadTimeout  # noqa: PLC0415

        with explained(f"wait for container {name}"):
            try:
                return int(self.api.wait(name, timeout=seconds)["StatusCode"])
            except (ReadTimeout, Broken) as error:
                if "timed out" not in str(error).lower():
                    raise
                return None

    def log(self, name: str, lines: int | None = None, since: float | None = None) -> str:
        """What it said, stdout and stderr as they came; the last `lines`, from `since` (seconds since 1970) on."""
        more = {"tail": "all" if lines is None else lines} | ({} if since is None else {"since": since})
        try:
            with explained(f"read the log of {name}"):
                return bytes(self.api.logs(name, **more)).decode(errors="replace")
        except NotThere:
            return ""

    def stamped_log(self, name: str, lines: int | None = None, since: float | None = None) -> list[tuple[str, str]]:
        """The same with the time of each line, in UTC with nine digits, so that times sort as texts."""
        more = {"tail": "all" if lines is None else lines} | ({} if since is None else {"since": since})
        try:
            with explained(f"read the log of {name}"):
                raw = bytes(self.api.logs(name, timestamps=True, **more)).decode(errors="replace")
        except NotThere:
            return []
        pairs = (line.rstrip("\r").partition(" ") for line in raw.split("\n") if line)
        return [(time, text) for time, _, text in pairs]

    def follow(self, name: str, since: float | None = None) -> Iterator[bytes]:
        """Pieces of what it says from now on, until it ends."""
        with explained(f"follow the log of {name}"):
            yield from self.api.logs(name, stream=True, follow=True, **({"since": since} if since else {"tail": 0}))

    def run(
        self, name: str, argv: Sequence[str], user: str = "", env: Mapping[str, str] | None = None,
        seconds: float | None = None,
    ) -> Ran:  # fmt: skip
        """Run a command in a container that runs, to its end, or until `seconds` have passed: it is not ended then."""
        with explained(f"run {argv[0]} in container {name}"):
            made = self.api.exec_create(name, list(argv), user=user, environment=dict(env or {}))
            with contextlib.closing(self.api.exec_start(made["Id"], socket=True)) as stream:
                output, ended = read_all(stream, seconds)
            code = self.api.exec_inspect(made["Id"])["ExitCode"] if ended else None
        return Ran(int(code if code is not None else -1), joined(output).decode(errors="replace"), ended)

    def processes(self, name: str) -> tuple[int, ...]:
        """The pids, on the engine's machine, of all that runs in it."""
        try:
            with explained(f"list what runs in {name}"):
                top = self.api.top(name, "-o pid")
        except EngineError:  # it has ended
            return ()
        return tuple(int(row[0]) for row in top.get("Processes") or ())

    def image(self, reference: str) -> ImageFacts | None:
        """One that is here, by id or reference; None when there is none."""
        try:
            with explained(f"look at image {reference}"):
                return image_facts(self._get(f"/images/{_quoted(reference)}/json"))
        except NotThere:
            return None

    def images(self, filters: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
        """What `GET /images/json` answers for these filters. The caller explains what fails."""
        return list(self._get("/images/json", filters))

    def network(self, name: str) -> dict[str, Any] | None:
        """What `GET /networks/NAME` answers; None when there is none."""
        try:
            with explained(f"look at network {name}"):
                return dict(self._get(f"/networks/{_quoted(name)}"))
        except NotThere:
            return None

    def create_network(
        self, name: str, labels: Mapping[str, str], internal: bool, options: Mapping[str, str] | None = None,
        halves: tuple[str, str] | None = None,
    ) -> None:  # fmt: skip
        """Make a bridge network; `halves` are its subnet, and the part that the engine gives addresses from.

        EngineError when the name or the subnet is taken.
        """
        from docker.types import IPAMConfig, IPAMPool  # noqa: PLC0415

        ipam = IPAMConfig(pool_configs=[IPAMPool(subnet=halves[0], iprange=halves[1])]) if halves else None
        with explained(f"create network {name}"):
            self.api.create_network(
                name, driver="bridge", options=dict(options or {}), internal=internal, labels=dict(labels),
                check_duplicate=True, ipam=ipam,
            )  # fmt: skip

    def networks(self, labels: Mapping[str, str]) -> tuple[dict[str, Any], ...]:
        """All that have these labels."""
        with explained("list networks"):
            return tuple(self._get("/networks", _labelled(labels)))

    def remove_network(self, name: str) -> None:
        """Forget it; EngineError while somebody is in it."""
        with contextlib.suppress(NotThere), explained(f"remove network {name}"):
            self.api.remove_network(name)

    def volume(self, name: str) -> dict[str, Any] | None:
        """What `GET /volumes/NAME` answers; None when there is none."""
        try:
            with explained(f"look at volume {name}"):
                return dict(self._get(f"/volumes/{_quoted(name)}"))
        except NotThere:
            return None

    def create_volume(self, name: str, labels: Mapping[str, str]) -> None:
        """Make it; one that is there is left as it is."""
        with explained(f"create volume {name}"):
            self.api.create_volume(name, labels=dict(labels))

    def volumes(self, labels: Mapping[str, str]) -> tuple[dict[str, Any], ...]:
        """All that have these labels."""
        with explained("list volumes"):
            found = self._get("/volumes", _labelled(labels))
        return tuple(found.get("Volumes") or ())

    def remove_volume(self, name: str) -> None:
        """Forget it and all data in it."""
        with contextlib.suppress(NotThere), explained(f"remove volume {name}"):
            self.api.remove_volume(name)


def _labelled(labels: Mapping[str, str]) -> dict[str, list[str]]:
    """The filter for what has all of them."""
    return {"label": [f"{name}={value}" for name, value in labels.items()]}


def _labels(found: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """By each name."""
    return {name.removeprefix("/"): one.get("Labels") or {} for one in found for name in one.get("Names") or ()}


def _known(api: Any) -> Any:
    """Speaking the newest version whose answers are known, where the engine still takes that."""
    if newer(api._version, NEWEST) and not newer(str(api.version(api_version=False).get("MinAPIVersion", "")), NEWEST):
        api._version = NEWEST
    return api


def _quoted(name: str) -> str:
    """As it stands in a path; what is in the name of an image stays."""
    return quote(name, safe="/:@")
