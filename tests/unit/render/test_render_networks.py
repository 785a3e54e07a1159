"""Who is in which network."""

from fairlead.project.stack import Container, Service, Stack, Store
from fairlead.render.networks import networks_of, service_networks

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
