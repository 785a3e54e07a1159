"""What a command that is tried on a copy is handed: addresses of other stores lead nowhere, all else is as it is."""

from fairlead.operations.trials.tool import addresses
from fairlead.project.project import parse_project

FILE = """\
name: shop
secrets: {OTHER_URL: {}, PHRASE: {}}
services:
  web: {image: shop, port: 80, uses: [db, kept, other], secrets: [PHRASE]}
stores:
  db: {kind: postgres, databases: {shop: {migrator: alembic upgrade head}}}
  kept: {kind: s3, tls: true}
  other: {kind: redis, url: "${OTHER_URL}"}
environments: {production: {runtime: docker}}
"""


def test_what_its_clients_trust_is_no_address(tmp_path):
    """A client that is told of a file of certificates and finds none in it fails before it asks anybody."""
    stack = parse_project(FILE, tmp_path).outline("production")
    assert addresses(stack) == {"DB_SHOP_URL", "KEPT_URL", "KEPT_ACCESS_KEY", "OTHER_URL"}
