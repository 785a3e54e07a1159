"""What brings an edge back knows its containers by names of its own, so as not to load what has them."""

from fairlead.edges.traefik import revival
from fairlead.render import edge_containers, networks
from fairlead.render.entrypoints import DEPUTY, MAIN
from fairlead.system.home import Place


def test_it_knows_them_by_the_same_names():
    named = (edge_containers.DOOR, edge_containers.TRAEFIK[MAIN], edge_containers.TRAEFIK[DEPUTY])
    assert named == (revival.DOOR, revival.TRAEFIK, revival.DEPUTY)
    assert (networks.FRONTEND, edge_containers.api_port(MAIN)) == (revival.FRONTEND, revival.API_PORT)


def test_an_edge_that_is_no_container_is_none_of_its_business(tmp_path):

    revival.Revival(Place(tmp_path / "shop" / "local")).look()
    assert not (tmp_path / "shop").exists()


def test_who_ran_for_a_while_is_left_to_the_engine():
    """It starts such a one after a tenth of a second; a restart beside that would have it started twice."""

    def lasted(began, ended):
        return revival.patience({"StartedAt": began, "FinishedAt": ended})

    assert lasted("2026-11-27T03:14:00.123456789Z", "2026-11-27T03:14:12.5Z") == revival.LATE
    assert lasted("2026-11-27T03:14:00.9Z", "2026-11-27T03:14:10.1Z") == revival.SOON
    assert lasted("2026-11-27T03:14:00Z", "0001-01-01T00:00:00Z") == revival.SOON
    assert revival.patience({}) == revival.SOON
