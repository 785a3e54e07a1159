"""What has to be installed where an environment runs."""

import pytest

from fairlead.project.extras import extras
from fairlead.project.project import parse_project

BASE = "name: shop\nservices: {web: {source: ., command: serve, port: 80}}\n"
LOCAL = "environments: {local: {runtime: process, edge: {http: 8080}}}\n"
BACKED = "stores: {db: {kind: postgres, databases: {shop: {}}, backup: {logical: daily, to: /srv/backups}}}\n"


@pytest.mark.parametrize(
    ("text", "more"),
    [
        (BASE + LOCAL, ()),
        (BASE + LOCAL + BACKED, ("postgres", "backup")),
        (BASE + LOCAL + "stores: {files: {kind: s3, buckets: [uploads]}}\n", ("s3",)),
        (BASE.replace("command: serve", "static: dist") + LOCAL, ("static",)),
        (BASE + LOCAL + "secret_backend: {kind: vault, url: https://vault.example.com}\n", ("vault",)),
    ],
)
def test_by_what_is_asked_for(text, more, tmp_path):
    assert extras(parse_project(text, tmp_path).outline("local")) == ("embedded", "secrets", *more)


def test_in_containers(tmp_path):
    text = (
        "name: shop\nservices: {web: {image: shop, port: 80}}\nenvironments: {local: {runtime: docker}}\n"
        "stores: {cache: {kind: redis}, files: {kind: s3, buckets: [uploads]}}\n"
    )
    assert extras(parse_project(text, tmp_path).outline("local")) == ("embedded", "secrets", "docker", "redis")
