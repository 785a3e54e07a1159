"""Images in the project file: what they are called, where those that are built go, and for which platforms."""

import pytest
from project_files import findings

from fairlead.project.image_name import ImageName
from fairlead.project.project import parse_project
from fairlead.project.stack import Registry, Stack, from_data, to_data

DIGEST = "sha256:" + "0123456789abcdef" * 4
FILE = """\
name: shop
secrets: {{TOKEN: {{}}}}
registry: {registry}
services:
  api: {api}
  worker: {{like: api, command: work}}
environments:
  local: {{runtime: docker}}
  away: {{runtime: docker, registry: {{url: registry.example.com:5000}}}}
"""


def file(api="{image: ghcr.io/acme/api, command: serve}", registry="ghcr.io/acme"):
    return FILE.format(api=api, registry=registry)


@pytest.mark.parametrize(
    ("text", "shown", "repository", "asked"),
    [
        ("debian", "debian", "docker.io/library/debian", "debian:latest"),
        ("docker.io/library/debian:12-slim", "debian:12-slim", "docker.io/library/debian", "debian:12-slim"),
        ("index.docker.io/acme/shop", "acme/shop", "docker.io/acme/shop", "acme/shop:latest"),
        ("ghcr.io/acme/shop:1.2", "ghcr.io/acme/shop:1.2", "ghcr.io/acme/shop", "ghcr.io/acme/shop:1.2"),
        ("localhost/shop", "localhost/shop", "localhost/shop", "localhost/shop:latest"),
        ("registry:5000/a/b_c", "registry:5000/a/b_c", "registry:5000/a/b_c", "registry:5000/a/b_c:latest"),
        (f"[::1]:5000/x:1@{DIGEST}", f"[::1]:5000/x:1@{DIGEST}", "[::1]:5000/x", f"[::1]:5000/x@{DIGEST}"),
    ],
)
def test_names_are_read_as_docker_reads_them(text, shown, repository, asked):
    name = ImageName.parse(text)
    assert (str(name), name.repository, name.asked()) == (shown, repository, asked)
    assert ImageName.parse(shown) == name


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is no name of an image"),
        ("Shop", "only small letters"),
        ("https://ghcr.io/acme/shop", "leave the scheme out"),
        ("ghcr.io/acme//shop", "is no name of an image"),
        ("shop@sha256:12", "is no name of an image"),
        ("shop:", "is no name of an image"),
        ("a/" + "b" * 300, "at most 255 characters"),
    ],
)
def test_what_is_no_name(text, why):
    with pytest.raises(ValueError, match=why):
        ImageName.parse(text)


def test_what_is_said_of_images_comes_through(tmp_path):
    api = (
        "{build: {context: api, platforms: [linux/amd64], tags: [acme/api:edge]}, platform: linux/amd64, "
        "image: acme/api, pull_policy: missing}"
    )
    project = parse_project(file(api, "{url: ghcr.io/acme/, user: ci, secret: TOKEN}"), tmp_path)
    stack = project.outline("local")
    assert stack.registry == Registry("ghcr.io/acme", "ci", "TOKEN")
    for name in ("api", "worker"):
        one = stack.service(name).container
        assert (one.platform, one.pull_policy, one.build.platforms) == ("linux/amd64", "missing", ("linux/amd64",))
    assert from_data(Stack, to_data(stack)) == stack
    assert project.outline("away").registry == Registry("registry.example.com:5000", "ci", "TOKEN")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (file("{image: Shop}"), "services.api.image: 'Shop' is no name of an image"),
        (file("{build: {context: a, tags: [a:b:c]}}"), "services.api.build.tags[0]: 'a:b:c' is no name of an image"),
        (file(f"{{build: {{context: a}}, image: x@{DIGEST}}}"), "services.api.image: is the name that the built image"),
        (
            file("{build: {context: a, platforms: [linux/arm64]}, platform: linux/amd64}"),
            "services.api.platform: linux/amd64 is not among build.platforms",
        ),
        (file("{image: x, platform: amd64}"), "services.api.platform: expected a platform such as linux/amd64"),
        (file("{image: x, pull_policy: daily}"), "services.api.pull_policy: expected one of always, missing or never"),
        (file(registry="https://ghcr.io"), "registry: expected the address of a registry"),
        (file(registry="{url: ghcr.io, user: ci}"), "registry.user: a user logs in with a secret"),
        (file(registry="{url: ghcr.io, secret: TOKEN}"), "registry.secret: who logs in with it? add user"),
        (file(registry="{url: ghcr.io, user: a, secret: TOKN}"), 'there is no secret "TOKN"; did you mean "TOKEN"?'),
    ],
)
def test_mistakes(text, message):
    assert any(message in found for found in findings(text)), findings(text)
