"""Every key of the Compose specification is carried over, or said to be lost: no other way out."""

import json

import pytest
from meaning import differences, meaning
from ruamel.yaml import YAML
from tests.compose_schema import compose_schema

from fairlead.operations.adopt.adopt import adopt
from fairlead.operations.adopt.compose.service import HANDLERS, PASSED
from fairlead.operations.adopt.written import text
from fairlead.project.project import parse_project
from fairlead.render.compose import compose_project
from fairlead.render.yaml import yaml_text

SCHEMA = compose_schema()

SAMPLES = {
    "annotations": ["a=1"],
    "attach": False,
    "blkio_config": {"weight": 300},
    "build": {"context": "./api", "isolation": "x"},
    "cap_add": ["SYS_PTRACE"],
    "cap_drop": ["ALL"],
    "cgroup": "host",
    "cgroup_parent": "m-executor",
    "command": ["a", "b c"],
    "configs": ["settings"],
    "container_name": "mine",
    "cpu_count": 2,
    "cpu_percent": 50,
    "cpu_period": "20ms",
    "cpu_quota": 5000,
    "cpu_rt_period": "1400us",
    "cpu_rt_runtime": 95000,
    "cpu_shares": 73,
    "cpus": 1.5,
    "cpuset": "0,1",
    "credential_spec": {"file": "spec.json"},
    "depends_on": {"other": {"condition": "service_started", "restart": True}},
    "deploy": {"replicas": 2, "mode": "replicated", "resources": {"limits": {"memory": "1g"}}},
    "develop": {"watch": [{"path": "src", "action": "rebuild"}]},
    "device_cgroup_rules": ["c 1:3 mr"],
    "devices": ["/dev/a:/dev/b"],
    "dns": ["1.1.1.1"],
    "dns_opt": ["use-vc"],
    "dns_search": "example.com",
    "domainname": "example.com",
    "entrypoint": "/e --x",
    "env_file": [{"path": "./app.env", "required": False}],
    "environment": {"A": "1", "b.c": "2"},
    "extends": {"service": "other"},
    "external_links": ["db:d"],
    "extra_hosts": ["a:1.2.3.4"],
    "gpus": "all",
    "group_add": ["mail"],
    "healthcheck": {"test": ["CMD", "true"], "interval": "7s", "retries": 9, "start_interval": "1s"},
    "hostname": "h",
    "image": "other/image:1",
    "init": True,
    "ipc": "host",
    "isolation": "default",
    "label_file": "./labels",
    "labels": {"a": "b"},
    "links": ["other"],
    "logging": {"driver": "none"},
    "mac_address": "02:42:ac:11:65:43",
    "mem_limit": "300m",
    "mem_reservation": "100m",
    "mem_swappiness": 10,
    "memswap_limit": "1g",
    "models": {"llm": {"endpoint_var": "URL"}},
    "network_mode": "none",
    "networks": {"n": {"priority": 100}},
    "oom_kill_disable": True,
    "oom_score_adj": 10,
    "pid": "host",
    "pids_limit": 10,
    "platform": "linux/arm64",
    "ports": [{"target": 80, "published": "8080", "mode": "host"}],
    "post_start": [{"command": "x"}],
    "pre_start": [{"command": "w"}],
    "pre_stop": [{"command": "y"}],
    "privileged": True,
    "profiles": ["p"],
    "provider": {"type": "awesomecloud"},
    "pull_policy": "daily",
    "pull_refresh_after": "1d",
    "read_only": True,
    "restart": "on-failure",
    "runtime": "runc",
    "scale": 3,
    "secrets": [{"source": "s", "target": "t"}],
    "security_opt": ["label:disable"],
    "shm_size": "1gb",
    "stdin_open": True,
    "stop_grace_period": "1m30s",
    "stop_signal": "SIGUSR1",
    "storage_opt": {"size": "1G"},
    "sysctls": {"net.core.somaxconn": 1},
    "tmpfs": "/run",
    "tty": True,
    "ulimits": {"nofile": 5},
    "umask": "0022",
    "use_api_socket": True,
    "user": "me",
    "userns_mode": "host",
    "uts": "host",
    "volumes": [{"type": "bind", "source": "./a", "target": "/a", "bind": {"selinux": "z"}}],
    "volumes_from": ["other:ro"],
    "working_dir": "/w",
    "expose": ["80", "81"],
}


def keys():
    found = SCHEMA["$defs"]
    return {key for name in ("service", "container_spec", "workload_spec") for key in found[name]["properties"]}


def test_the_samples_are_of_every_key():
    assert keys() - SAMPLES.keys() == set()
    assert keys() - HANDLERS.keys() - PASSED == {"extends"}  # followed before a service is read


@pytest.mark.parametrize("key", sorted(SAMPLES))
def test_a_key_is_carried_or_said_to_be_lost(tmp_path, key):
    service = {"image": "acme/app", key: SAMPLES[key]}
    document = {
        "services": {"app": service, "other": {"image": "acme/other"}},
        "configs": {"settings": {"file": "./s"}},
        "secrets": {"s": {"file": "./t"}},
        "networks": {"n": {"driver": "bridge"}},
        "models": {"llm": {"model": "ai/x"}},
    }
    with (tmp_path / "compose.yaml").open("w") as file:
        YAML(typ="safe", pure=True).dump(document, file)
    (tmp_path / "labels").write_text("c=d\n")
    adopted = adopt(tmp_path, ["compose.yaml"], "shop")
    project = parse_project(text(adopted.tree, "made", {}), tmp_path)
    before = meaning((tmp_path / "compose.yaml").read_text(), {}, tmp_path)
    after = meaning(yaml_text(compose_project(project.outline("local"))), {}, tmp_path)
    lost = [one for one in adopted.left if one.kind == "lost" and one.finding.path.startswith(f"services.app.{key}")]
    assert differences(before, after) == [] or lost


@pytest.mark.parametrize("key", sorted(SCHEMA["$defs"]["deployment"]["properties"]))
def test_a_key_of_deploy_is_carried(tmp_path, key):
    samples = {
        "replicas": 3,
        "labels": {"a": "b"},
        "resources": {"reservations": {"devices": [{"capabilities": ["gpu"]}]}},
    }
    value = samples.get(key, {"x-any": "thing"} if key not in ("mode", "endpoint_mode") else "global")
    (tmp_path / "compose.yaml").write_text(json.dumps({"services": {"a": {"image": "b", "deploy": {key: value}}}}))
    project = parse_project(text(adopt(tmp_path, ["compose.yaml"], "shop").tree, "made", {}), tmp_path)
    rendered = compose_project(project.outline("local"))["services"]["a"]
    assert rendered["scale"] == 3 if key == "replicas" else rendered["deploy"] == {key: value}
