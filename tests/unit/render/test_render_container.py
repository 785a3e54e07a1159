from dataclasses import replace

from fairlead.project.stack import LogBounds, Resources, Security
from fairlead.render.container import ContainerSpec, Healthcheck, Joined, Mount, Published, creation

SPEC = ContainerSpec(name="shop-local-web", image="sha256:1", networks=(Joined("a", ("web",)), Joined("b")))


def test_a_container_that_says_nothing_may_do_next_to_nothing():
    host = creation(SPEC)["HostConfig"]
    assert host["ReadonlyRootfs"] is True
    assert (host["CapDrop"], host["CapAdd"]) == (["ALL"], [])
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert (host["PidsLimit"], host["Init"]) == (512, True)
    assert host["LogConfig"] == {"Type": "json-file", "Config": {"max-size": "10485760", "max-file": "3"}}
    assert host["RestartPolicy"] == {"Name": "unless-stopped"}
    assert set(host["Tmpfs"]) == {"/tmp", "/run"}
    assert "Privileged" not in host
    assert host["PortBindings"] == {}


def test_every_switch_can_be_set():
    security = Security(read_only=False, cap_add=("CHOWN",), cap_drop=(), no_new_privileges=False, pids=9, init=False)
    host = creation(replace(SPEC, security=security, logs=LogBounds(5, 2)))["HostConfig"]
    assert (host["ReadonlyRootfs"], host["CapAdd"], host["CapDrop"]) == (False, ["CHOWN"], [])
    assert (host["SecurityOpt"], host["PidsLimit"], host["Init"]) == ([], 9, False)
    assert host["LogConfig"]["Config"] == {"max-size": "5", "max-file": "2"}


def test_it_is_created_in_its_first_network_and_joins_the_others_later():
    body = creation(SPEC)
    assert body["HostConfig"]["NetworkMode"] == "a"
    assert body["NetworkingConfig"]["EndpointsConfig"] == {"a": {"Aliases": ["web"]}}
    assert creation(replace(SPEC, networks=()))["HostConfig"]["NetworkMode"] == "none"
    assert creation(replace(SPEC, beside="door"))["HostConfig"]["NetworkMode"] == "container:door"


def test_limits_are_in_the_words_of_the_engine():
    host = creation(replace(SPEC, resources=Resources(0.5, 1 << 20)))["HostConfig"]
    assert (host["NanoCpus"], host["Memory"], host["MemorySwap"]) == (500_000_000, 1 << 20, 1 << 20)


def test_ports_mounts_and_health():
    body = creation(
        replace(
            SPEC,
            publish=(Published(8080, 80), Published(8080, 81, "127.0.0.1")),
            mounts=(Mount("bind", "/a", "/b", True),),
            healthcheck=Healthcheck(("CMD", "true"), interval=0.5, start_period=0.0001),
        )
    )
    assert body["HostConfig"]["PortBindings"]["8080/tcp"] == [
        {"HostIp": "", "HostPort": "80"},
        {"HostIp": "127.0.0.1", "HostPort": "81"},
    ]
    assert body["HostConfig"]["Mounts"] == [{"Type": "bind", "Source": "/a", "Target": "/b", "ReadOnly": True}]
    assert (body["Healthcheck"]["Interval"], body["Healthcheck"]["StartPeriod"]) == (500_000_000, 1_000_000)


def test_the_fingerprint_is_of_all_but_labels_and_has_no_value_in_it():
    assert SPEC.fingerprint == replace(SPEC, labels={"x": "y"}).fingerprint
    assert SPEC.fingerprint != replace(SPEC, env={"A": "1"}).fingerprint
    assert replace(SPEC, env={"A": "1"}).fingerprint != replace(SPEC, env={"A": "2"}).fingerprint
    assert len(SPEC.fingerprint) == 16


def test_addresses_that_stay_and_names_that_need_no_engine():
    one = creation(replace(SPEC, networks=(Joined("a", ("web",), address="10.0.0.9"),), hosts=(("api", "10.0.0.8"),)))
    assert one["NetworkingConfig"]["EndpointsConfig"]["a"]["IPAMConfig"] == {"IPv4Address": "10.0.0.9"}
    assert one["HostConfig"]["ExtraHosts"] == ["api:10.0.0.8"]


def test_the_file_s_own_names_stand_beside_those_of_the_door():
    more = {"ExtraHosts": ["mail:10.1.1.1", "api:10.1.1.2"]}
    host = creation(replace(SPEC, hosts=(("api", "10.0.0.8"), ("web", "10.0.0.8")), more=more))["HostConfig"]
    assert host["ExtraHosts"] == ["mail:10.1.1.1", "api:10.1.1.2", "web:10.0.0.8"]


def test_what_came_later_does_not_count_where_it_says_nothing():
    assert ContainerSpec(name="a", image="b").fingerprint == "b60c151fd9de19cb"
    joined = ContainerSpec(name="a", image="b", networks=(Joined("x"),))
    assert joined.fingerprint == "cf34ad9598463b26"
    assert replace(joined, networks=(Joined("x", address="10.0.0.9"),)).fingerprint != joined.fingerprint
    assert replace(joined, hosts=(("api", "10.0.0.8"),)).fingerprint != joined.fingerprint
