"""Without a certificate Traefik makes itself a key at each change, https or not: the naive way, and Fairlead's."""

import pytest
from plain_traefik import PlainTraefik, everything_to, servers

from fairlead.certificates.internal import placeholder
from fairlead.render.tls import tls_file

pytestmark = pytest.mark.real
MADE = "fallback to the internal generated certificate"


def made_by_two_changes(plain, one):
    """How many certificates it makes for itself meanwhile, though nobody asks by https."""
    with plain:
        plain.write(everything_to("web", {"web": servers(one.port)}))
        before = plain.log().count(MADE)
        for _ in range(2):
            plain.write(everything_to("web", {"web": servers(one.port)}))
        return plain.log().count(MADE) - before


def speaking(folder):
    return PlainTraefik(folder, log={"level": "DEBUG", "filePath": str(folder / "traefik.log")})


def test_naive_without_a_certificate_it_makes_one_at_each_change(tmp_path, one):
    assert made_by_two_changes(speaking(tmp_path / "plain"), one) == 2


def test_with_one_that_nobody_is_shown_it_makes_none(tmp_path, one):
    plain = speaking(tmp_path / "plain")
    (plain.dynamic / "tls.yml").write_text(tls_file([placeholder()])[0])
    assert made_by_two_changes(plain, one) == 0
