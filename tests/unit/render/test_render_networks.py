"""Who is in which network."""

from fairlead.project.stack import Container, Service, Stack, Store
from fairlead.render.networks import (
    edge_networks,
    met_networks,
    names_in,
    networks_of,
    reach_networks,
    service_networks,
)

DB, CACHE = Store("db", "postgres", databases=("shop",)), Store("cache", "redis")
FILES, MANAGED = Store("files", "s3"), Store("managed", "postgres", url="postgres://there")


def stack(*services, stores=(DB, CACHE, FILES, MANAGED)):
    return Stack("shop", "production", "docker", services=services, stores=stores)


def test_a_service_is_in_backend():
    assert service_networks(Service("web"), stack()) == ("backend",)


def test_who_uses_a_database_is_where_it_is():
    assert service_networks(Service("web", uses=("db.shop",)), stack()) == ("backend", "database")
    assert service_networks(Service("web", uses=("cache",)), stack()) == ("backend", "database")


def test_a_store_elsewhere_or_in_backend_asks_for_nothing():
    assert service_networks(Service("web", uses=("managed", "files")), stack()) == ("backend",)


def test_what_the_file_names_counts_alone():
    web = Service("web", uses=("db",), container=Container(networks=("backend", "outgoing")))
    assert service_networks(web, stack()) == ("backend", "outgoing")


def test_an_environment_has_what_its_own_are_in():
    web = Service("web", container=Container(networks=("backend", "outgoing", "audit")))
    made = {one.name: one for one in networks_of(stack(web))}
    assert list(made) == ["audit", "backend", "database", "frontend", "outgoing"]
    assert [name for name, one in made.items() if not one.internal] == ["frontend", "outgoing"]
    assert made["database"].options == {"com.docker.network.bridge.inhibit_ipv4": "true"}
    assert made["outgoing"].options == {"com.docker.network.bridge.enable_icc": "false"}


def test_without_stores_there_is_no_network_for_them():
    assert [one.name for one in networks_of(stack(Service("web"), stores=(MANAGED,)))] == ["backend", "frontend"]


def test_who_is_in_a_network_that_compose_opens_reaches_the_outside_where_fairlead_runs_it():
    opened = Stack("shop", "production", compose={"networks": {"front": {"internal": False}, "back": None}})
    assert service_networks(Service("web", container=Container(networks=("front",))), opened) == ("front", "outgoing")
    for networks in (("back",), ("front", "default"), ("front", "outgoing")):
        assert service_networks(Service("web", container=Container(networks=networks)), opened) == networks


def among(**networks):
    """A stack of services that listen, each in these networks."""
    return stack(*(Service(name, port=80, container=Container(networks=own)) for name, own in networks.items()))


def test_the_edge_is_where_it_reaches_who_listens_and_where_two_ask_each_other():
    made = among(web=("backend", "own"), admin=("own", "other"), lone=("backend", "vault"), db=("database", "outgoing"))
    assert reach_networks(made) == ("own",)
    assert edge_networks(made) == ("own",)
    apart = among(web=("frontend", "own"), api=("backend", "own"), far=("backend", "vault"))
    assert (reach_networks(apart), edge_networks(apart)) == ((), ("own",))
    assert edge_networks(stack(Service("worker", container=Container(networks=("own",))))) == ()


def test_names_are_those_of_who_is_in_a_network_of_ones_own():
    made = among(web=("frontend", "backend"), api=("backend", "own"), admin=("own", "database"), db=("database",))
    assert names_in(("frontend",), made) == {"web": ("frontend",)}
    assert names_in(("backend", "own"), made) == {"web": ("backend",), "api": ("backend", "own"), "admin": ("own",)}
    assert names_in((), made) == {"web": ("backend",), "api": ("backend",)}
    assert names_in(("database", "outgoing"), made) == {}, "the edge is in neither"
    assert met_networks(made.service("admin"), made) == ("own",)


def test_who_does_not_listen_has_no_name():
    made = stack(Service("worker"), Service("api", port=80))
    assert names_in(("backend",), made) == {"api": ("backend",)}
