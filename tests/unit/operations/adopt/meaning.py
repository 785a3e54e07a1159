"""What a Compose file means, however it is written: the same for two files that Docker Compose treats the same.

On purpose it shares nothing with the import but the reading of `.env` files and of `${NAME}`, which have tests of their
own: a mistake in the import must not be made here too.
"""

import posixpath
import re
import shlex

from ruamel.yaml import YAML

from fairlead.project.dotenv import parse as dotenv
from fairlead.project.interpolation import expand
from fairlead.project.interpolation import parse as parts

UNITS = {"b": 1, "k": 2**10, "m": 2**20, "g": 2**30}
TIME = {"h": 3600, "m": 60, "s": 1, "ms": 0.001, "us": 0.000001}


def meaning(text, env, folder):
    """The services and sections of a Compose file; `env` are the values there are, `folder` is where its files lie."""
    document = filled(YAML(typ="safe", pure=True).load(text), env)
    services = {name: service(one or {}, folder, env) for name, one in document.get("services", {}).items()}
    sections = {
        key: {name: opened(plain(one or {})) for name, one in (document.get(key) or {}).items()}
        for key in ("networks", "volumes", "secrets", "configs", "models")
    }
    return {"services": services, "sections": sections}


def opened(section):
    """Of a network, that it is not internal need not be said."""
    return {key: one for key, one in section.items() if (key, one) != ("internal", "false")}


def filled(node, env):
    if isinstance(node, dict):
        return {str(key): filled(value, env) for key, value in node.items() if not str(key).startswith("x-")}
    if isinstance(node, list):
        return [filled(one, env) for one in node]
    return expand(parts(node), env.get) if isinstance(node, str) else node


def plain(node):
    """Scalars as text: Compose takes `true` and `"true"`, 5 and `"5"`."""
    if isinstance(node, dict):
        return {key: plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [plain(one) for one in node]
    return str(node).lower() if isinstance(node, bool) else "" if node is None else str(node)


def service(one, folder, env):
    made = {key: READ.get(key, plain)(value) for key, value in one.items() if key not in MOVED}
    variables = {}
    for item in listed(one.get("env_file")):
        variables |= env_file(item, folder, env)
    own = pairs(one.get("environment"))
    variables |= {
        key: value if value is not None else env[key] for key, value in own.items() if value is not None or key in env
    }
    made["environment"] = variables
    made["networks"] = networks(one)
    deploy(made, one)
    for key in ("command", "entrypoint"):
        if key in made:
            made[key] = shelled(made[key], variables)
    if "healthcheck" in made:
        check = made["healthcheck"]
        made["healthcheck"] = {**check, "test": shelled(check["test"], variables)} if "test" in check else check
    return made


def listed(value):
    return [] if value is None else value if isinstance(value, list) else [value]


def env_file(item, folder, env):
    path = folder / (item["path"] if isinstance(item, dict) else item)
    if isinstance(item, dict) and item.get("required") is False and not path.exists():
        return {}
    return {key: entry.value for key, entry in dotenv(path.read_text(), str(path), env)[0].items()}


def pairs(value):
    if isinstance(value, list):
        value = dict(item.split("=", 1) if "=" in item else (item, None) for item in map(str, value))
    return {key: None if one is None else plain(one) for key, one in (value or {}).items()}


def words(value):
    return shlex.split(value) if isinstance(value, str) else [str(one) for one in value or []]


def shelled(argv, variables):
    """`sh -c 'exec …'` with a secret of the environment in it is the command that it becomes."""

    def put_in(text):
        return re.sub(r"\$\{?(\w+)\}?(\"\")?", lambda found: variables.get(found[1], found[0]), text)

    if argv[:1] == ["CMD"]:
        found = shelled(argv[1:], variables)
        return found if found[0] == "SHELL" else ["CMD", *found]
    if argv[:1] == ["CMD-SHELL"]:
        return ["SHELL", put_in(argv[1])]
    if argv[:2] != ["sh", "-c"]:
        return argv
    return shlex.split(put_in(argv[2][5:])) if argv[2].startswith("exec ") else ["SHELL", put_in(argv[2])]


def port(item):
    if isinstance(item, dict):
        item = plain(item)
        more = sorted(
            (key, item[key]) for key in ("mode", "name", "app_protocol") if item.get(key, "ingress") != "ingress"
        )
        known = (item.get("host_ip", ""), item.get("published", ""), item["target"], item.get("protocol", "tcp"))
        return (*known, *more)
    text, _, protocol = str(item).partition("/")
    *before, target = text.split(":")
    published = before.pop() if before else ""
    return (":".join(before), published, target, protocol or "tcp")


def volume(item):
    if isinstance(item, str):
        first, *rest = item.split(":")
        source, target, mode = ("", first, "") if not rest else (first, rest[0], rest[1] if rest[1:] else "")
        kind = "bind" if source.startswith((".", "/", "~")) else "volume"
        modes = set(mode.split(",")) - {"", "rw"}
        item = {"type": kind, "source": source, "target": target, **({"read_only": True} if "ro" in modes else {})}
        item |= {"mode": sorted(modes - {"ro"})} if modes - {"ro"} else {}
    item = plain(item)
    if item.get("bind") == {"create_host_path": "true"}:
        item.pop("bind")
    if item["type"] == "bind":
        item["source"] = posixpath.normpath(item["source"])
    return {key: value for key, value in item.items() if value not in ("", "false")}


def networks(one):
    if "network_mode" in one:
        return {}
    value = one.get("networks") or ["default"]
    made = dict.fromkeys(value) if isinstance(value, list) else value
    return {name: plain(said or {}) for name, said in made.items()}


def depends_on(value):
    value = {name: {} for name in value} if isinstance(value, list) else value
    return {name: {"condition": "service_started", **plain(said)} for name, said in value.items()}


def healthcheck(value):
    test = value.get("test")
    if value.get("disable") or test in (["NONE"], "NONE"):
        return {"disable": True}
    made = {
        key: seconds(value[key]) for key in ("interval", "timeout", "start_period", "start_interval") if key in value
    }
    made |= {"retries": str(value["retries"])} if "retries" in value else {}
    return made | ({"test": words(test) if isinstance(test, list) else ["CMD-SHELL", test]} if test else {})


def seconds(value):
    return round(sum(float(n) * TIME[u] for n, u in re.findall(r"([0-9.]+)(ms|us|h|m|s)", str(value))), 6)


def size(value):
    number, unit = re.fullmatch(r"([0-9.]+)\s*([bkmg]?)i?b?", str(value).lower()).groups()
    return round(float(number) * UNITS[unit or "b"])


def build(value):
    value = {"context": value} if isinstance(value, str) else value
    made = plain({key: one for key, one in value.items() if key not in ("args", "labels")})
    made["context"] = posixpath.normpath(made["context"]) if "://" not in made["context"] else made["context"]
    return made | {key: pairs(value[key]) for key in ("args", "labels") if key in value}


def deploy(made, one):
    """The old places of limits and of the number are those of `deploy`."""
    said = one.get("deploy") or {}
    resources = said.get("resources", {})
    limits = plain(resources.get("limits", {}))
    limits |= {"cpus": str(one["cpus"])} if "cpus" in one else {}
    limits |= {"memory": one["mem_limit"]} if "mem_limit" in one else {}
    limits |= {"cpus": float(limits["cpus"])} if "cpus" in limits else {}
    limits |= {"memory": size(limits["memory"])} if "memory" in limits else {}
    rest = {key: plain(value) for key, value in said.items() if key not in ("replicas", "resources", "labels")}
    rest |= {"labels": pairs(said["labels"])} if "labels" in said else {}
    rest |= {"resources": plain({key: value for key, value in resources.items() if key != "limits"})}
    made["deploy"] = {"replicas": str(one.get("scale", said.get("replicas", 1))), "limits": limits, **rest}


def handed(value):
    """`secrets` and `configs` of a service."""
    items = [{"source": one} if isinstance(one, str) else plain(one) for one in value]
    items = [{**one, "mode": one["mode"].lstrip("0")} if "mode" in one else one for one in items]  # octal either way
    return sorted(({"target": one["source"], **one} for one in items), key=str)


MOVED = ("environment", "env_file", "networks", "deploy", "scale", "cpus", "mem_limit", "extends")
READ = {
    "command": words,
    "entrypoint": words,
    "ports": lambda value: sorted(map(port, value)),
    "volumes": lambda value: sorted(map(volume, value), key=str),
    "depends_on": depends_on,
    "healthcheck": healthcheck,
    "build": build,
    "labels": pairs,
    "annotations": pairs,
    "sysctls": pairs,
    "secrets": handed,
    "configs": handed,
    "stop_grace_period": seconds,
    "stop_signal": lambda value: "SIG" + str(value).removeprefix("SIG"),
    "tmpfs": listed,
    "label_file": listed,
    "dns": listed,
    "dns_search": listed,
}


def differences(before, after, secrets=()):
    """What `after` means otherwise than `before`. What a file does not say may be said by the other: defaults of
    Fairlead's own (how long a stop may take, that what ends is started again, how much is logged, when a check fails).
    Nor does it matter when a service gets one of the `secrets` in its environment that a shell needs there, or is told
    its port; and no swap is given beside a limit of memory.
    """
    found = []
    for name, one in before["services"].items():
        found += [f"{name}: {line}" for line in _service(one, after["services"].get(name), secrets)]
    found += [f"{name}: there was none" for name in after["services"].keys() - before["services"].keys() - {"edge"}]
    for key, section in before["sections"].items():
        for name, said in section.items():
            other = after["sections"][key].get(name)
            used = other is not None or (key == "volumes" and not said) or (key == "networks" and not said)
            if not used or (other is not None and other != said):
                found.append(f"{key}.{name}: {said} became {other}")
    return found


OWN = {"restart", "logging", "stop_grace_period", "memswap_limit"}


def _service(one, other, secrets):
    if other is None:
        yield "is gone"
        return
    for key, said in one.items():
        after = other.get(key)
        if key == "environment":
            told = {*secrets, "PORT"}
            after = {k: v for k, v in after.items() if k in said or (k not in told and not _is_file(k, v))}
        if key == "healthcheck":
            after = {k: v for k, v in (after or {}).items() if k in said or "disable" in said}
        if after != said and not (said in ({}, [], "") and not after):
            yield f"{key}: {said} became {after}"
    for key in other.keys() - one.keys() - OWN:
        if other[key] not in ({}, [], ""):
            yield f"{key}: came from nowhere: {other[key]}"


def _is_file(key, value):
    return key.endswith("_FILE") and value.startswith("/run/secrets/")
