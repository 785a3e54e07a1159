"""Names that the project file refuses are those that Fairlead has itself."""

from fairlead.certificates.internal import InternalCa
from fairlead.project.rules.names import ENVIRONMENTS, PROJECTS, RETIRED, STORES
from fairlead.render import edge_containers
from fairlead.stores.process import outside
from fairlead.system.home import Place


def test_folders_beside_projects_and_environments(tmp_path):
    place = Place(tmp_path / "shop" / "live")
    beside = {place.artifacts.name, InternalCa.of(place).folder.name}
    assert beside == ENVIRONMENTS
    assert {place.ports.name, outside(place, "db").parent.name} <= PROJECTS


def test_containers_of_the_edge():
    own = {edge_containers.DOOR, edge_containers.REDIRECT, *edge_containers.TRAEFIK.values()}
    assert own == STORES
    assert RETIRED == f"{edge_containers.RETIRED}-"
