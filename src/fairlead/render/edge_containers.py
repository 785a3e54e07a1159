"""The containers of an edge, as data. Pure.

The **door** holds the addresses: what is published, and a place in every network. It does nothing else, so it need not
be replaced. Traefik runs beside it, in its network. While Traefik is replaced a **deputy** runs there too, on other
ports, and the kernel leads new connections to it: rules of the door's own network, set in one transaction by a
**redirect** that runs for a moment and is the only one that may (NET_ADMIN, in that network alone). What was replaced
is **retired**: it listens no more, and runs until the last of its connections has ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from fairlead.project.stack import Edge
from fairlead.project.stack_container import Security
from fairlead.render.container import ContainerSpec, Healthcheck, Joined, Mount, Published
from fairlead.render.entrypoints import DEPUTY, MAIN, EdgePorts

IMAGE = "traefik:v3.7"
NOBODY = 65532  #: user and group of the containers where nobody of this machine is meant
CONFIGURATION = "/etc/fairlead/edge"
LOGS = "/var/log/fairlead"
RULES = "redirect.rules"
DOOR, REDIRECT, RETIRED = "edge", "edge-redirect", "edge-retired"
TRAEFIK = {MAIN: "edge-traefik", DEPUTY: "edge-deputy"}
STATIC = {MAIN: "traefik.yml", DEPUTY: "deputy.yml"}
FIRST = {MAIN: 61000, DEPUTY: 62000}
"""Begins the ports of a Traefik: those for users and for Fairlead lie above, out of the way of declared ones."""
_API, _HTTP, _HTTPS = 1, 80, 443
PING = f"http://127.0.0.1:{FIRST[MAIN] + _API}/ping"
INNER = 63000  #: the first port at which the deputy is asked by services
GRACE = 35.0  #: seconds for what is being answered, when the edge ends and nobody takes its place
LONGEST = "24h"  #: the longest that one which was replaced lives for connections that do not end


def api_port(role: str) -> int:
    """Where Fairlead asks a Traefik of that role."""
    return FIRST[role] + _API


def ports_of(role: str, listen: Edge, inner: Iterable[int]) -> EdgePorts:
    """Where a Traefik of that role listens, in the door's network."""
    first, declared = FIRST[role], sorted(inner)
    own = declared if role == MAIN else [INNER + number for number in range(len(declared))]
    return EdgePorts(
        "", first + _HTTP if listen.http else None, api_port(role), first + _HTTPS if listen.https else None,
        api_address="", inner=tuple(zip(declared, own, strict=True)),
        trusted=listen.trusted_proxies, role=role,
    )  # fmt: skip


def redirect_rules(listen: Edge, inner: Iterable[int]) -> str:
    """What leads new connections from the main Traefik's ports to the deputy's, for `iptables-restore --noflush`.

    It is one transaction, and the same when it runs twice. Connections that are open stay where they are: the kernel
    remembers each (conntrack).
    """
    inner = tuple(inner)
    main, deputy = (ports_of(role, listen, inner) for role in (MAIN, DEPUTY))
    pairs = [(main.http, deputy.http), (main.https, deputy.https)]
    pairs += [(own, other) for (_, own), (_, other) in zip(main.inner, deputy.inner, strict=True)]
    lines = [f"-A PREROUTING -p tcp --dport {a} -j REDIRECT --to-ports {b}" for a, b in pairs if a]
    return "\n".join(["*nat", "-F PREROUTING", *lines, "COMMIT", ""])


NO_RULES = "*nat\n-F PREROUTING\nCOMMIT\n"


@dataclass(frozen=True, slots=True)
class EdgeBox:
    """What all containers of one edge share."""

    names: Mapping[str, str]  #: short name → name in the engine
    labels: Mapping[str, str]
    image: str  #: id
    user: str  #: UID:GID that they run as
    configuration: Path  #: folders of this machine
    logs: Path

    def door(self, listen: Edge, networks: Iterable[str]) -> ContainerSpec:
        """It listens nowhere; what it publishes is what Traefik listens on beside it."""
        published = [(FIRST[MAIN] + _HTTP, listen.http), (FIRST[MAIN] + _HTTPS, listen.https)]
        return ContainerSpec(
            name=self.names[DOOR],
            image=self.image,
            entrypoint=("sleep", "infinity"),
            labels=self.labels,
            user=self.user,
            networks=tuple(Joined(name) for name in networks),
            publish=tuple(Published(own, port, listen.address) for own, port in published if port),
            sysctls={"net.ipv4.ip_unprivileged_port_start": "0"},
            stop_grace=1,
        )

    def traefik(self, role: str) -> ContainerSpec:
        """Traefik itself."""
        return ContainerSpec(
            name=self.names[TRAEFIK[role]],
            image=self.image,
            argv=("traefik", f"--configFile={PurePosixPath(CONFIGURATION, STATIC[role])}"),
            env={"GOGC": "50"},
            labels=self.labels,
            user=self.user,
            mounts=(
                Mount("bind", str(self.configuration), CONFIGURATION, read_only=True),
                Mount("bind", str(self.logs), LOGS),
            ),
            beside=self.names[DOOR],
            stop_grace=GRACE,
        )

    def whole(self, listen: Edge, networks: Iterable[str]) -> ContainerSpec:
        """Both in one, where nobody replaces it: what it says is kept by whoever runs it, and not in a folder."""
        door, traefik = self.door(listen, networks), self.traefik(MAIN)
        return replace(
            traefik,
            networks=door.networks,
            publish=door.publish,
            sysctls=door.sysctls,
            beside="",
            mounts=traefik.mounts[:1],
            healthcheck=Healthcheck(("CMD", "wget", "-q", "-O", "/dev/null", PING), 5.0, 3.0, 3, 30.0),
        )

    def redirect(self, program: str, folders: Mapping[str, str]) -> ContainerSpec:
        """Puts the rules in force with this machine's own `program`; `folders`: where it and its libraries lie."""
        system = tuple(Mount("bind", source, target, read_only=True) for target, source in folders.items())
        return ContainerSpec(
            name=self.names[REDIRECT],
            image=self.image,
            entrypoint=(program, "iptables-restore", "--noflush", str(PurePosixPath(CONFIGURATION, RULES))),
            labels=self.labels,
            user="0:0",
            mounts=(*system, Mount("bind", str(self.configuration), CONFIGURATION, read_only=True)),
            beside=self.names[DOOR],
            security=Security(root=True, cap_add=("NET_ADMIN",), init=False),
            restart="no",
        )
