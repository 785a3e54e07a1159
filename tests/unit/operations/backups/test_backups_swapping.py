"""What is written down of the swap of a restore."""

import pytest

from fairlead.errors import Refused
from fairlead.operations.backups import swapping
from fairlead.operations.backups.swapping import Step
from fairlead.system.files import read_json
from fairlead.system.home import Place


def test_one_that_nobody_ended_is_not_forgotten_for_another(tmp_path):
    place = Place(tmp_path / "shop" / "local")
    place.backups.mkdir(parents=True)
    swapping.write(place, "one", [Step("cache", "redis", "1")])
    with pytest.raises(Refused, match="shop/local was cut short"):
        swapping.write(place, "two", [Step("uploads", "volume", "2")])
    assert read_json(swapping.path_of(place))["id"] == "one"
    swapping.forget(place)
    swapping.write(place, "two", [Step("uploads", "volume", "2")])
    assert swapping.begun(place)
