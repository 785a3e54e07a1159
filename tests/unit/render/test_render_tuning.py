"""Settings of PostgreSQL from what it may use: never more than that, and each with a reason."""

from dataclasses import replace

import pytest

from fairlead.project.stack import Container, Resources, Store
from fairlead.render.stores.tuning import GB, MB, Machine, file_of, preloads, tuned

DB = Store("db", "postgres", databases=("shop",))
HOST = Machine(64 * GB, 16.0, "ssd", 500 * GB)


def limited(memory, cpu=None, **more):
    return replace(DB, container=Container(resources=Resources(cpu, memory)), **more)


def values(store, machine=HOST, contained=False):
    return {one.name: one.value for one in tuned(store, machine, contained)}


def bytes_of(text):
    number = text.rstrip("kMGB")
    return int(number) * {"kB": 1 << 10, "MB": MB, "GB": GB}[text.removeprefix(number)]


def test_of_half_a_machine():
    found = values(DB)
    assert {name: found[name] for name in ("shared_buffers", "effective_cache_size", "maintenance_work_mem")} == {
        "shared_buffers": "8GB", "effective_cache_size": "24GB", "maintenance_work_mem": "1GB",
    }  # fmt: skip
    assert (found["work_mem"], found["max_wal_size"], found["random_page_cost"]) == ("64MB", "8GB", "1.1")
    assert (found["max_parallel_workers"], found["max_parallel_workers_per_gather"]) == ("16", "4")
    assert all(one.why for one in tuned(DB, HOST))


def test_the_limits_of_a_container_count_and_not_its_host_s():
    found = values(limited(512 * MB, 1.5))
    assert (found["shared_buffers"], found["effective_cache_size"]) == ("128MB", "384MB")
    assert (found["max_parallel_workers"], found["max_parallel_workers_per_gather"]) == ("1", "0")
    (why,) = (one.why for one in tuned(limited(512 * MB), HOST) if one.name == "shared_buffers")
    assert why == "a quarter of its memory, 8 GB at most: it may use 512MB"


@pytest.mark.parametrize("memory", [128 * MB, 256 * MB, GB, 3 * GB, 100 * GB])
@pytest.mark.parametrize("connections", [None, 5, 1000])
def test_it_never_plans_to_use_more_than_there_is(memory, connections):
    found = {name: bytes_of(value) for name, value in values(limited(memory, max_connections=connections)).items()
             if value[-1] == "B"}  # fmt: skip
    assert found["shared_buffers"] + found["maintenance_work_mem"] <= memory
    assert found["work_mem"] == MB or found["shared_buffers"] + found["work_mem"] * 3 * (connections or 100) <= memory
    assert found["effective_cache_size"] < memory


def test_what_nobody_knows_is_left_alone():
    known = values(DB, Machine())
    assert set(known) == {"checkpoint_completion_target", "track_io_timing"}
    assert "random_page_cost" not in values(DB, replace(HOST, disk="spinning"))


def test_off_is_off():
    off = replace(DB, tune="off")
    assert tuned(off, HOST) == ()
    assert file_of(off, HOST, contained=True) == ""


def test_a_container_has_little_shared_memory():
    assert values(DB, HOST, contained=True)["dynamic_shared_memory_type"] == "sysv"
    assert "dynamic_shared_memory_type" not in values(DB)


@pytest.mark.parametrize(
    ("image", "safe"),
    [(None, True), ("postgres:16", True), ("docker.io/library/postgres:17-alpine", True),
     ("timescale/timescaledb:2-pg16", False), ("registry.example.com:5000/postgis", False)],
)  # fmt: skip
def test_what_another_image_loads_is_left_to_it(image, safe):
    store = replace(DB, container=Container(image=image))
    assert preloads(store, contained=True) is safe
    assert preloads(store, contained=False)
