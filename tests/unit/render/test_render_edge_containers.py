"""The containers of an edge, as data. That an engine takes them is tested with one."""

from __future__ import annotations

from pathlib import Path

from fairlead.project.stack_edge import Edge
from fairlead.render.edge_containers import DOOR, REDIRECT, TRAEFIK, EdgeBox, ports_of, redirect_rules
from fairlead.render.entrypoints import DEPUTY, MAIN

LISTEN = Edge(http=80, https=443, address="127.0.0.1")
NAMES = {short: f"shop-test-{short}" for short in (DOOR, REDIRECT, *TRAEFIK.values())}
BOX = EdgeBox(NAMES, {"a": "label"}, "sha256:1", "65532:65532", Path("/c"), Path("/l"))


def test_main_and_deputy_never_listen_on_one_port() -> None:
    main, deputy = (ports_of(role, LISTEN, (8000, 9000)) for role in (MAIN, DEPUTY))
    listening = [
        {ports.http, ports.https, ports.api, *(own for _, own in ports.inner)} for ports in (main, deputy)
    ]  # fmt: skip
    assert len(listening[0]) == len(listening[1]) == 5
    assert not listening[0] & listening[1]
    assert main.inner == ((8000, 8000), (9000, 9000)), "services are asked at the ports they declared"


def test_every_port_but_the_apis_is_redirected_in_one_transaction() -> None:
    rules = redirect_rules(LISTEN, (8000,)).splitlines()
    assert (rules[0], rules[1], rules[-1]) == ("*nat", "-F PREROUTING", "COMMIT")
    assert rules[2:-1] == [
        f"-A PREROUTING -p tcp --dport {a} -j REDIRECT --to-ports {b}"
        for a, b in ((61080, 62080), (61443, 62443), (8000, 63000))
    ]


def test_the_door_publishes_what_is_declared_and_nothing_else() -> None:
    door = BOX.door(LISTEN, ["shop-test-frontend"])
    assert [(one.port, one.host_port, one.address) for one in door.publish] == [
        (61080, 80, "127.0.0.1"),
        (61443, 443, "127.0.0.1"),
    ]
    assert BOX.door(Edge(), ["shop-test-frontend"]).publish == ()


def test_only_what_redirects_may_more_than_nothing_and_not_for_long() -> None:
    traefik, redirect = BOX.traefik(MAIN), BOX.redirect("/usr/sbin/iptables", {"/usr": "/usr"})
    assert (traefik.user, traefik.security.cap_add, traefik.security.read_only) == ("65532:65532", (), True)
    assert traefik.beside == redirect.beside == "shop-test-edge"
    assert (redirect.security.cap_add, redirect.restart) == (("NET_ADMIN",), "no")
    assert all(mount.read_only for mount in redirect.mounts)
