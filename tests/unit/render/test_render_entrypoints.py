"""Traefik's static file and the routers to its own services, as data. That Traefik takes them is tested with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fairlead.project.stack import LATENCY_BUCKETS
from fairlead.render.entrypoints import DEPUTY, MAIN, EdgePorts, listens_at, own_file, static_file
from fairlead.render.tls import is_sound, tls_file


def test_the_static_file() -> None:
    content = json.loads(static_file(EdgePorts("127.0.0.1", 8080, 20000), Path("/home/a {{b")))
    assert content == {
        "accessLog": {
            "fields": {
                "defaultMode": "drop",
                "headers": {
                    "defaultMode": "drop",
                    "names": {"Content-Length": "keep", "Date": "keep", "Server": "keep"},
                },
                "names": {
                    "DownstreamStatus": "keep",
                    "RequestMethod": "keep",
                    "RequestPath": "keep",
                    "RouterName": "keep",
                    "ServiceName": "keep",
                    "StartUTC": "keep",
                },
                "queryParameters": {"defaultMode": "drop"},
            },
            "filePath": "/home/a {{b/access.log",
            "filters": {"statusCodes": ["500-599"]},
            "format": "json",
        },
        "api": {},
        "entryPoints": {
            "api": {"address": "127.0.0.1:20000"},
            "web": {
                "address": "127.0.0.1:8080",
                "http": {"aliasHeadersStrategy": "delete"},
                "transport": {"lifeCycle": {"graceTimeOut": "30s"}, "respondingTimeouts": {"readTimeout": "0s"}},
            },
        },
        "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
        "log": {"filePath": "/home/a {{b/traefik.log", "format": "json", "level": "WARN"},
        "metrics": {"prometheus": {"addServicesLabels": True, "buckets": list(LATENCY_BUCKETS), "manualRouting": True}},
        "ping": {"manualRouting": True},
        "providers": {
            "file": {"directory": "/home/a {{b/dynamic", "watch": True},
            "providersThrottleDuration": "50ms",
        },
    }


@pytest.mark.parametrize("address", ["", "127.0.0.1", "::1", "::", "2001:db8::7"])
def test_what_was_written_can_be_read_back(address: str) -> None:
    ports = EdgePorts(address, 8080, 20000, trusted=("10.0.0.0/8", "2001:db8::/32"))
    content = json.loads(static_file(ports, Path("/home")))
    assert listens_at(content) == ports
    assert content["entryPoints"]["web"]["address"] == (f"[{address}]:8080" if ":" in address else f"{address}:8080")


@pytest.mark.parametrize("damaged", [None, [], {}, {"entryPoints": {"web": {"address": ":80"}}}, {"entryPoints": []}])
def test_a_damaged_static_file_says_nothing(damaged: object) -> None:
    assert listens_at(damaged) is None


def test_its_own_services_ask_for_the_key() -> None:
    routers = json.loads(own_file("secret")[0])["http"]["routers"]
    services = {router["service"] for router in routers.values()}
    assert services == {"api@internal", "prometheus@internal", "ping@internal"}
    assert all(router["rule"].startswith("Header(`X-Fairlead-Edge`, `secret`) && ") for router in routers.values())
    assert all(router["entryPoints"] == ["api"] for router in routers.values())


def test_all_addresses() -> None:
    content = json.loads(static_file(EdgePorts("", 80, 20000), Path("/home")))
    assert content["entryPoints"]["web"]["address"] == ":80"


@pytest.mark.parametrize(("http", "https"), [(8080, 8443), (None, 443)])
def test_https(http: int | None, https: int) -> None:
    ports = EdgePorts("127.0.0.1", http, 20000, https)
    content = json.loads(static_file(ports, Path("/home")))
    assert content["entryPoints"]["websecure"]["http"] == {"tls": {}, "aliasHeadersStrategy": "delete"}
    assert ("web" in content["entryPoints"]) is (http is not None)
    assert listens_at(content) == ports


def test_services_ask_each_other_at_entry_points_of_their_own() -> None:
    ports = EdgePorts("", 61080, 61001, api_address="", inner=((5000, 63000),), role=DEPUTY)
    points = json.loads(static_file(ports, Path("/etc"), Path("/var")))["entryPoints"]
    assert points["inner-5000"]["address"] == ":63000"
    assert points["inner-5000"]["http"]["middlewares"] == ["fairlead-shed-deputy@file"]
    assert points["api"] == {"address": ":61001"}


def test_only_who_is_to_be_replaced_sheds_its_clients() -> None:
    quiet, proof = own_file("secret")
    shedding, other = own_file("secret", [MAIN])
    assert proof != other
    made = json.loads(shedding)["http"]["middlewares"]
    assert made["fairlead-shed-main"] == {"headers": {"customResponseHeaders": {"Connection": "close"}}}
    assert made["fairlead-shed-deputy"] == json.loads(quiet)["http"]["middlewares"]["fairlead-shed-deputy"]
    assert other in made


def test_tls_is_strong_and_the_first_certificate_is_the_default() -> None:
    text, proof = tls_file([("CERT", "KEY"), ("CERT 2", "KEY 2")])
    made = json.loads(text)
    assert proof in made["http"]["middlewares"]
    assert made["tls"]["options"]["default"]["minVersion"] == "VersionTLS12"
    assert all("_ECDHE_" in name for name in made["tls"]["options"]["default"]["cipherSuites"])
    assert made["tls"]["stores"]["default"]["defaultCertificate"] == made["tls"]["certificates"][0]
    assert proof != tls_file([("CERT", "KEY"), ("CERT 2", "KEY 3")])[1]
    assert is_sound(text) and is_sound(tls_file([])[0])
    assert not any(map(is_sound, (text.replace("KEY 2", "KEY 3"), text.replace("TLS12", "TLS10"), "", "[]", "{")))
