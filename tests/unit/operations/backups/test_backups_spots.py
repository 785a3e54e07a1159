"""What is copied of a store on Docker: the volumes that it really has."""

from pathlib import Path
from typing import Any

import pytest

from fairlead.engine.owner import Owner
from fairlead.engine.volumes import NAMING
from fairlead.operations.backups import spots
from fairlead.project.stack import Container, Store
from fairlead.stores.folder import Kept, StoreFolder
from fairlead.system.home import Place


class Labelled:
    """An engine of which nothing is asked but whose a volume is."""

    def __init__(self, volumes: dict[str, dict[str, str]]) -> None:
        self.volumes = volumes

    def volume(self, name: str) -> dict[str, Any] | None:
        return {"Labels": self.volumes[name]} if name in self.volumes else None


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path / "shop" / "local")
    place.create()
    return place


def found(place: Place, store: Store, made_before: tuple[str, ...] = ()) -> set[str]:
    """What the engine calls them; those `made_before` were made when volumes without a name were shared."""
    folder = StoreFolder(place.stores / store.name, place.stores / store.name)
    folder.create()
    folder.keep(Kept(store, "0123", 0, "image"))
    owner = Owner.of(place)
    labels = {owner.name(one): owner.labels("volume") for one in made_before}
    labels |= {owner.name("named"): owner.labels("volume", naming=NAMING)}
    engine: Any = Labelled(labels)
    volumes, image = spots._volumes(engine, owner, place, store)
    assert image == "image" and {owner.name(one) for one in volumes} == set(volumes.values())
    return set(volumes)


def test_one_without_a_name_is_copied_as_the_store_has_it(place: Place) -> None:
    store = Store("box", "container", container=Container(volumes=("/data", "named:/more")))
    assert found(place, store) == {"box.data", "named"}
    assert found(place, store, ("data",)) == {"data", "named"}


def test_a_redis_keeps_its_data_in_the_one_that_is_said(place: Place) -> None:
    assert found(place, Store("queue", "redis")) == {"queue-data"}
    assert found(place, Store("queue", "redis", container=Container(volumes=("/data", "/more")))) == {"queue.data"}
