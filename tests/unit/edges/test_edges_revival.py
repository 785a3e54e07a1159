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
