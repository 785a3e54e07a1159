"""Volumes and ports as Compose's short form writes them."""

import pytest

from fairlead.render.container import Mount, Published
from fairlead.render.short_forms import mount, own, published


def named(name):
    return f"shop-local-{name}"


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("data:/var/lib/data", Mount("volume", "shop-local-data", "/var/lib/data")),
        ("data:/data:ro", Mount("volume", "shop-local-data", "/data", read_only=True)),
        ("./conf:/etc/conf:ro", Mount("bind", "/srv/shop/conf", "/etc/conf", read_only=True)),
        ("/etc/ssl:/ssl:ro,z", Mount("bind", "/etc/ssl", "/ssl", read_only=True)),
        ("/var/cache", Mount("volume", "shop-local-var-cache", "/var/cache")),
    ],
)
def test_a_volume(text, made):
    assert mount(text, named, "/srv/shop") == made


def test_a_volume_without_a_name_is_of_one_service_alone():
    some = ("/var/cache", "data:/data", "./a:/a", "/a:/b", "${X}")
    made = ("web.var-cache:/var/cache", "data:/data", "./a:/a", "/a:/b", "${X}")
    assert tuple(own(one, "web") for one in some) == made


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("9000", [Published(9000, 9000)]),
        ("8080:80", [Published(80, 8080)]),
        ("127.0.0.1:8080:80/udp", [Published(80, 8080, "127.0.0.1", "udp")]),
        ("127.0.0.1::80", [Published(80, 80, "127.0.0.1")]),
        ("[::1]:8080:80", [Published(80, 8080, "::1")]),
        ("5000-5001:6000-6001", [Published(6000, 5000), Published(6001, 5001)]),
    ],
)
def test_a_port(text, made):
    assert list(published(text)) == made
