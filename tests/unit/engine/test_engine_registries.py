"""What registries say, and how far a pull is."""

import pytest

from fairlead.engine.registry_failures import refused
from fairlead.engine.transfer import Transfer
from fairlead.project.image_name import ImageName

NAME = ImageName.parse("ghcr.io/acme/shop:1")
SAID = [
    ("received unexpected HTTP status: 503 Service Unavailable", True, "is up and can be reached"),
    ('Get "https://ghcr.io/v2/": net/http: TLS handshake timeout', True, "is up and can be reached"),
    ('Get "https://ghcr.io/v2/": dial tcp: lookup ghcr.io: no such host', True, "is its name, and that this machine"),
    ("read tcp 10.0.0.1:5000->10.0.0.2:443: read: connection reset by peer", True, "is up"),
    ("pull access denied for acme/shop, repository does not exist or may require 'docker login'", False, "log in"),
    ("no basic auth credentials", False, "docker login ghcr.io"),
    ("denied: requested access to the resource is denied", False, "docker login ghcr.io"),
    ("manifest for ghcr.io/acme/shop:1 not found: manifest unknown", False, "it was pushed there"),
    ("toomanyrequests: You have reached your pull rate limit", False, "allows more"),
    ("no matching manifest for linux/arm64/v8 in the manifest list entries", False, "name the platform"),
    ("http: server gave HTTP response to HTTPS client", False, "insecure-registries"),
    ("x509: certificate signed by unknown authority", False, "/etc/docker/certs.d/ghcr.io/ca.crt"),
    ("write /var/lib/docker/tmp/x: no space left on device", False, "free disk space"),
    ("something that nobody has heard of", False, "docker pull ghcr.io/acme/shop:1"),
]


@pytest.mark.parametrize(("said", "again", "hint"), SAID)
def test_what_it_means_and_what_helps(said, again, hint):
    error = refused("pull", said, NAME)
    assert (error.again, hint in error.hint) == (again, True), error.hint
    assert error.message == f"could not pull ghcr.io/acme/shop:1: ghcr.io says: {said}"


def test_an_address_with_a_token_is_not_repeated():
    said = 'Get "https://auth.docker.io/token?account=me&secret=abc": EOF'
    error = refused("pull", said, ImageName.parse("shop"))
    assert error.message == 'could not pull shop: Docker Hub says: Get "https://auth.docker.io/token": EOF'


def test_how_far_it_is():
    transfer = Transfer()
    assert transfer.add({"status": "Pulling fs layer", "id": "a"})
    assert transfer.line(0.0) is None
    assert transfer.add(
        {"status": "Downloading", "id": "a", "progressDetail": {"current": 500_000, "total": 2_000_000}}
    )
    assert transfer.line(0.0) == "0.5 of 2.0 MB"
    assert transfer.add({"status": "Downloading", "id": "b", "progressDetail": {"current": 1, "total": 1_000_000}})
    assert transfer.line(0.5) is None  # not every moment
    assert transfer.line(1.5) == "0.5 of 3.0 MB"
    assert transfer.add({"aux": {"Tag": "1", "Digest": "sha256:1"}}) is not None and transfer.digest == "sha256:1"


def test_what_only_repeats_itself_moves_nothing():
    transfer = Transfer()
    assert not transfer.add({"status": "Waiting", "id": "a"})
    assert not transfer.add({"status": "Retrying in 3 seconds", "id": "a"})
    assert not transfer.add({"status": "Retrying in 2 seconds", "id": "a"})
    downloading = {"status": "Downloading", "id": "a", "progressDetail": {"current": 5, "total": 9}}
    assert transfer.add(downloading)
    assert not transfer.add(downloading)
