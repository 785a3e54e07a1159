import pytest

from fairlead.project.stack import Container, Security
from fairlead.render.compose_keys import INSTEAD, KEYS, SAME, host_config, left_over
from fairlead.render.container import ContainerSpec, creation

SAID = {
    "shm_size": ("64m", "ShmSize", 64 << 20),
    "extra_hosts": (["db.example.com=10.0.0.7", "v6:::1"], "ExtraHosts", ["db.example.com:10.0.0.7", "v6:::1"]),
    "dns": ("10.0.0.1", "Dns", ["10.0.0.1"]),
    "dns_search": (["a.example.com"], "DnsSearch", ["a.example.com"]),
    "dns_opt": (["ndots:1"], "DnsOptions", ["ndots:1"]),
    "ulimits": (
        {"nofile": {"soft": 1024, "hard": 4096}, "core": 0},
        "Ulimits",
        [{"Name": "nofile", "Soft": 1024, "Hard": 4096}, {"Name": "core", "Soft": 0, "Hard": 0}],
    ),
    "group_add": ([44, "video"], "GroupAdd", ["44", "video"]),
    "sysctls": ({"net.core.somaxconn": 1024}, "Sysctls", {"net.core.somaxconn": "1024"}),
    "devices": (
        ["/dev/fuse", "/dev/a:/dev/b:r"],
        "Devices",
        [
            {"PathOnHost": "/dev/fuse", "PathInContainer": "/dev/fuse", "CgroupPermissions": "rwm"},
            {"PathOnHost": "/dev/a", "PathInContainer": "/dev/b", "CgroupPermissions": "r"},
        ],
    ),
    "cpu_shares": (512, "CpuShares", 512),
    "cpuset": ("0,1", "CpusetCpus", "0,1"),
    "mem_reservation": ("1.5gb", "MemoryReservation", 3 << 29),
    "oom_score_adj": (-500, "OomScoreAdj", -500),
}


def test_every_key_is_tried():
    assert SAID.keys() == KEYS.keys()
    assert not KEYS.keys() & (SAME.keys() | INSTEAD.keys())


@pytest.mark.parametrize("key", SAID)
def test_what_the_engine_is_told(key):
    value, word, told = SAID[key]
    assert host_config({key: value}) == {word: told}
    assert left_over(Container(compose={key: value})) == ()


def test_it_is_in_what_the_engine_gets_and_counts():
    plain = ContainerSpec(name="a", image="b")
    more = ContainerSpec(name="a", image="b", more=host_config({"shm_size": "1g"}))
    assert creation(more)["HostConfig"]["ShmSize"] == 1 << 30
    assert more.fingerprint != plain.fingerprint == ContainerSpec(name="a", image="b", more={}).fingerprint


@pytest.mark.parametrize(
    ("key", "value"),
    [("shm_size", "much"), ("shm_size", [1]), ("ulimits", "x"), ("ulimits", {"nofile": {"soft": 1}}),
     ("cpu_shares", "few"), ("extra_hosts", ["alone"]), ("dns", {"a": 1}), ("sysctls", 7)],
)  # fmt: skip
def test_what_is_no_value(key, value):
    with pytest.raises(ValueError, match=f"compose: {key} is not as Compose has it"):
        host_config({key: value})


def test_what_fairlead_says_already_is_not_left_over():
    usual = {
        "read_only": True, "tmpfs": ["/tmp"], "cap_drop": ["ALL"], "security_opt": ["no-new-privileges:true"],
        "init": True, "pids_limit": 512, "restart": "always", "privileged": False, "x-mine": 1, "logging": None,
    }  # fmt: skip
    assert left_over(Container(compose=usual)) == ()
    other = {"read_only": False, "tmpfs": ["/cache"], "cap_add": ["NET_ADMIN"], "privileged": True, "tty": True}
    assert left_over(Container(compose=other)) == tuple(other)
    assert left_over(Container(compose={"read_only": False}, security=Security(read_only=False))) == ()
