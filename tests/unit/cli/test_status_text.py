"""What `fairlead status` says of traffic."""

from fairlead.cli.status import _traffic
from fairlead.operations.status import Status


def test_where_the_edge_listens():
    found = Status("shop", "local", traffic={"/": {"0123456789ab": 100}}, address=("::1", 8080))
    assert _traffic(found) == "traffic at http://[::1]:8080: 0123456789ab 100 %"
