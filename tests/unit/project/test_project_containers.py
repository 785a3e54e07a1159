"""What only a container has: `${NAME}` in it, what a service calls a secret, and what a Compose file gets as it is."""

import pytest
from project_files import findings

from fairlead.project.project import parse_project
from fairlead.project.stack import Stack, from_data, to_data

FILE = """\
name: shop
variables: {{TAG: latest, HTTP_PORT: 8080}}
secrets: {{DB_PASSWORD: {{}}}}
compose: {compose}
services:
  api:
    image: ghcr.io/acme/api:{tag}
    publish: ["${{HTTP_PORT}}:8000", "127.0.0.1:${{HTTP_PORT}}:9000/udp"]
    secrets: [{{name: DB_PASSWORD, as: {delivery}, key: POSTGRES_PASSWORD}}, DB_PASSWORD]
    compose: {{shm_size: 64m, tty: null, sysctls: {{net.core.somaxconn: 1024}}}}
environments:
  local: {{runtime: docker}}
"""


def file(tag="${TAG}-${ENVIRONMENT}", delivery="env", compose="{}"):
    return FILE.format(tag=tag, delivery=delivery, compose=compose)


def test_what_a_service_calls_a_secret(tmp_path):
    for delivery, variable in (("env", "POSTGRES_PASSWORD"), ("file", "POSTGRES_PASSWORD_FILE")):
        stack = parse_project(file(delivery=delivery), tmp_path).outline("local")
        assert [one.variable for one in stack.service("api").secrets] == [variable, "DB_PASSWORD_FILE"]


def test_what_a_compose_file_gets_comes_through_whole(tmp_path):
    text = file(compose="{networks: {backend: {internal: true, driver_opts: null}}}")
    stack = parse_project(text, tmp_path).outline("local")
    assert stack.compose == {"networks": {"backend": {"internal": True, "driver_opts": None}}}
    given = {"shm_size": "64m", "tty": None, "sysctls": {"net.core.somaxconn": 1024}}
    assert stack.service("api").container.compose == given
    assert from_data(Stack, to_data(stack)) == stack


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (file(tag="${TAGG}"), 'fairlead.yaml:7:5: services.api.image: ${TAGG} has no value here; did you mean "TAG"?'),
        (file(tag="${PORT}"), "fairlead.yaml:7:5: services.api.image: ${PORT} has no value here"),
        (file(tag="${DB_PASSWORD}"), "fairlead.yaml:7:5: services.api.image: ${DB_PASSWORD} is secret"),
        (file(compose='{x-a: [{b: "${NO}"}]}'), "fairlead.yaml:4:18: compose.x-a[0].b: ${NO} has no value here"),
    ],
)
def test_names_in_what_only_a_container_has(text, message):
    (found,) = findings(text)
    assert found.startswith(message)
