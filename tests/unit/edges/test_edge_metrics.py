"""The counters of Traefik, read: what belongs to which pool, and what nobody should believe."""

from __future__ import annotations

import json

import pytest

from fairlead.edges.counters import Counters, PoolCounts
from fairlead.edges.traefik.metrics import parse

HEAD = "process_start_time_seconds 1.79524269831e+09\ntraefik_config_reloads_total 2\n"


def series(
    counts: tuple[object, ...] = (3, 4, 5), service: str = "web-r1@file", code: object = 200, protocol: str = "http"
) -> str:
    """One histogram: buckets at 0.1 and 0.3 s, cumulative, and its total."""
    labels = f'code="{code}",method="GET",protocol="{protocol}",service="{service}"'
    name = "traefik_service_request_duration_seconds"
    lines = [
        f'{name}_bucket{{{labels},le="{le}"}} {count}'
        for le, count in zip(("0.1", "0.3", "+Inf"), counts, strict=False)
    ]
    return "\n".join([*lines, f"{name}_sum{{{labels}}} 1.5", f"{name}_count{{{labels}}} {counts[-1]}"]) + "\n"


def test_series_are_added_up_by_pool() -> None:
    text = HEAD + series() + series((1, 1, 2), code=502) + series(("1.234567e+06",) * 3, "api-r1@file", 404)
    assert parse(text) == Counters(
        {
            "web-r1": PoolCounts({200: 5, 502: 2}, (4, 1)),
            "api-r1": PoolCounts({404: 1_234_567}, (1_234_567, 0)),
        },
        bounds=(0.1, 0.3),
        started=1795242698.31,
        reloads=2,
    )
    assert parse(text).pools["web-r1"].errors == 2


def test_requests_by_the_header_are_nobodys_and_copies_are_apart() -> None:
    text = HEAD + "".join(series(service=name) for name in ("direct:web-r2@file", "shadow:web-r2@file", "x@other"))
    assert (parse(text).pools, parse(text).copies) == ({}, {"web-r2": PoolCounts({200: 5}, (3, 1))})


@pytest.mark.parametrize("protocol", ["websocket", "sse"])
def test_a_stream_is_not_slow_however_long(protocol: str) -> None:
    text = HEAD + series((0, 0, 7), code=101, protocol=protocol) + series((0, 1, 2), code=500, protocol=protocol)
    assert parse(text).pools["web-r1"] == PoolCounts({101: 7, 500: 2}, (7, 1)), "one that failed is no stream"


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "\n",
        "process_start_time_seconds 1\n",
        HEAD.replace("1.79524269831e+09", "NaN"),
        HEAD.replace(" 2\n", " -2\n"),
        HEAD.replace(" 2\n", " two\n"),
        HEAD + series().rstrip("\n"),
        HEAD + "".join(series().splitlines(keepends=True)[:2]),
        HEAD + series(("NaN", 4, 5)),
        HEAD + series((3, 4, "+Inf")),
        HEAD + series((3, 4, "1e300")),
        HEAD + series((3, 4, 10**20)),
        HEAD + series((-3, 4, 5)),
        HEAD + series((3, 2, 5)),
        HEAD + series((3, 4, "")),
        HEAD + series((3, 4, "٣")),
        HEAD + series((3, 4, "9" * 5000)),
        HEAD + series() + series(service="api-r1@file").replace("0.3", "0.4"),
    ],
)
def test_what_cannot_be_is_an_error_of_the_whole(wrong: str) -> None:
    found = parse(wrong)
    assert found.error.startswith("the edge's counters make no sense: "), wrong
    assert len(found.error) < 400
    assert found == Counters(error=found.error)


@pytest.mark.parametrize("foreign", ['code="x"', 'service="web@docker"', "le="])
def test_lines_of_another_shape_are_nobodys(foreign: str) -> None:
    line = f"traefik_service_request_duration_seconds_bucket{{{foreign}}} 5\n"
    assert parse(HEAD + line + series()).pools == {"web-r1": PoolCounts({200: 5}, (3, 1))}


def test_they_go_through_json() -> None:
    counters = parse(HEAD + series() + series(service="shadow:web-r2@file"))
    assert Counters.from_data(json.loads(json.dumps(counters.to_data()))) == counters
    assert counters.of(["web-r2"]).pools == {}
    assert set(counters.of(["web-r2"]).copies) == {"web-r2"}
