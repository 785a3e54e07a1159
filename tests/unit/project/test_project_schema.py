"""The schema and the loader accept the same files, but for the rules between values, which are listed here."""

# ruff: noqa: E501 - project files and messages stand as they are written

import copy
import json
import re
from functools import cache
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from project_files import QUICKSTART, WHOLE, findings, small

from fairlead.project.compose import compose
from fairlead.project.schema import json_schema
from fairlead.project.tree import plain

BEYOND_JSON_SCHEMA = {
    "a command splits into words": r"not readable as a command line|the command line names no program",
    "an IPv6 address is one": r"is not an IPv6 address",
    "like names a service that stands on its own": r": there is no service|cannot be like itself|is itself like another",
    "something is started": r'services\.[a-z]+: "command" is missing|"command" is required and cannot be removed',
    "secrets are declared, once, without a value": r"there is no secret|names a secret and|a secret has no value in this",
    "secrets stay out of commands": r"is secret, and what stands here",
    "needs names what there is": r": there is no service",
    "needs has no circle": r": a circle: ",
    "a job and a service have different names": r"names a service and a job",
    "routes and health paths need a port": r"need a port; add port|needs a port; add port",
    "no route stands twice": r"has the same route|stands twice",
    "a job has like or source": r"a job needs like",
    "prepare.inputs need a source": r"inputs are files of the source",
    "every name in braces has a value": r"has no value here|is not a name in braces|is not closed; write",
    "steps belong to canary": r"steps belong to the strategy canary",
    "weights ascend": r"the weight must be greater than",
    "rolling has room to move": r"with surge and unavailable 0",
    "routes and smoke need a port of the edge": r"no edge for",
    "sticky and shadow have their strategies": r"cookie belongs to the strategy|a shadow needs the whole new release",
    "slow is what the edge counts": r"the edge does not count answers over",
    "what is shared or judged is answers to requests": r"and no service has routes in",
    "a judge has something to judge": r"nothing is ever judged",
    "the watch ends before the window": r"is longer than rollback_window",
    "a shadow ends within a day": r"is longer than a day",
    "probes that are asked for are sent": r"never sent, because rate is",
    "probes that must pass can": r"no probe can pass",
    "steps have a time to show something in": r"all steps last 0s",
    "who approves has the time": r"leaves nobody the time to approve",
    "approve is said once": r"keep one of them",
    "an overlay removes only what is there": r"null removes a key, and there is no",
    "an overlay leaves what is required": r"is required and cannot be removed|nothing is left in",
    "what an overlay adds is complete": r'^environments\.[^:[]*: "[a-z_]+" is missing$',
    "what an overlay empties is still named": r"is removed here and still named",
}
"""What a rule is, and the `path: message` of the findings that only the loader has because of it."""

_BEYOND = re.compile("|".join(BEYOND_JSON_SCHEMA.values()))


def ecma(validator, pattern, instance, schema):
    """`$` as ECMA-262 means it: the end, not the place before a last newline."""
    if validator.is_type(instance, "string") and not re.search(re.sub(r"\$(?=\)*$)", r"\\Z", pattern), instance):
        yield jsonschema.ValidationError(f"{instance!r} does not match {pattern!r}")


@cache
def validator():
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.validators.extend(jsonschema.Draft202012Validator, {"pattern": ecma})(schema)


def data(text):
    """The file as plain data, null as None."""
    tree, _ = compose(text, "f.yaml")
    return json.loads(json.dumps(plain(tree), default=lambda nothing: None))


def within_reach(lines):
    """The findings that a schema can have as well."""
    return [line for line in lines if not _BEYOND.search(line.split(": ", 1)[1])]


def agree(document):
    """Both accept it, or both refuse it."""
    expressible = within_reach(findings(json.dumps(document)))
    errors = [error.message for error in validator().iter_errors(document)]
    assert bool(errors) == bool(expressible), (expressible, errors)


GOOD = {
    "the quickstart": QUICKSTART,
    "the least": "name: a\nservices: {a: {command: a}}\nenvironments: {a: {}}\n",
    "an overlay of everything": small(
        "    health: /h\n    routes: [/]\n    source: .\n",
        "jobs: {seed: {like: web, command: x}}\n",
        "  local:\n    edge: {http: 1}\n    services:\n      web: {health: {timeout: 1s, ready: null}, routes: null, port: 1,\n"
        "        env: {A: 1}, stop: {drain: 1s}, prepare: {run: [x]}}\n      new: {command: x}\n"
        "    jobs: {seed: null}\n    tests: [x]\n    smoke: [{path: /}]\n    rollout: {strategy: rolling, surge: 2}\n",
    ),
    "the whole schema": WHOLE,
    "short forms": small(
        top="variables: {A: 1, B: true, C: x, D: 1.50}\nsecrets: {S: {generate: rsa, rotate: 90d}}\nsecret_backend: vault\n",
        environments="  a: {edge: {http: 1}, variables: {A: 2, C: {type: enum, values: [x]}}, secrets: {S: {rotate: {kind: jwt}}},\n"
        "    secret_backend: {url: 'https://v'}}\n",
    ),
    "what asks for nothing": small(
        top="rollout: {sticky: off, approve: false, watch: off}\n", environments="  a: {approve: false}\n"
    ),
    "everything that judges": small(
        "    routes: [/]\n",
        "rollout: {strategy: canary, steps: [{weight: 1, for: 1s, pause: approve}], sticky: cookie, approve: true,\n"
        "  judge: {errors: {tolerate: 1}, latency: {over: 10s}, alpha: 0.2, promote: {errors_below: 50%, confidence: 50%},\n"
        "    probes: {rate: 99/s, requests: [{path: /}]}, insufficient: promote-if-probes-pass, hold_for: 1d},\n"
        "  watch: {for: 1m, rollback: false}, shadow: {percent: 0.5, for: 1ms}}\n",
        "  a: {edge: {http: 1}}\n  b: {edge: {http: 1}, approve: false, rollout: {judge: {latency: off, probes: 5/m}, watch: 5m}}\n"
        "  c: {edge: {http: 1}, rollout: {judge: {latency: {over: null}, probes: {rate: null}}, shadow: null, watch: {for: off}}}\n",
    ),
}

BAD = {
    "no name": GOOD["the least"].replace("name: a\n", ""),
    "no services": "name: a\nservices: {}\nenvironments: {a: {}}\n",
    "unknown key": GOOD["the least"].replace("command: a", "command: a, comand: b"),
    "unknown key in an overlay": GOOD["the least"].replace("{a: {}}", "{a: {services: {a: {comand: b}}}}"),
    "null in the base": GOOD["the least"].replace("command: a", "command: a, port: null"),
    "null in a list of an overlay": GOOD["the least"].replace("{a: {}}", "{a: {smoke: [{path: /, status: null}]}}"),
    "null of an unknown key": GOOD["the least"].replace("{a: {}}", "{a: {services: {a: {comand: null}}}}"),
    "a name that is none": GOOD["the least"].replace("{a: {}}", "{A: {}}"),
    "a host with a template": small("    routes: [{host: '{{ env }}'}]\n"),
    "a newline after a duration": small('    stop: {drain: "1s\\n"}\n'),
    "a variable that is a list": small(top="variables: {A: [1]}\n"),
    "a kind of rotation there is not": small(top="secrets: {A: {rotate: {kind: hope}}}\n"),
    "a back end there is not": small(top="secret_backend: keychain\n"),
    "a template without a source": small(top="templates: [{to: a}]\n"),
    "what may differ in an overlay": small(environments="  a: {edge: {http: 1}, may_differ: []}\n"),
    "approve": GOOD["the least"].replace("{a: {}}", "{a: {approve: later}}"),
    "a judge that decides nothing": small(top="rollout: {judge: {errors: {tolerate: 11}}}\n"),
    "a confidence nobody has": small(top="rollout: {judge: {promote: {confidence: 100%}}}\n"),
    "a share of errors nobody can show": small(top="rollout: {judge: {promote: {errors_below: 0.0%}}}\n"),
    "a shadow of no time": small(top="rollout: {shadow: {percent: 1, for: 0.0s}}\n"),
    "too many probes": small(top="rollout: {judge: {probes: 100/s}}\n"),
}


@pytest.mark.parametrize("case", GOOD)
def test_both_accept(case):
    assert findings(GOOD[case]) == []
    assert list(validator().iter_errors(data(GOOD[case]))) == []


@pytest.mark.parametrize("case", BAD)
def test_both_refuse(case):
    assert within_reach(findings(BAD[case]))
    assert list(validator().iter_errors(data(BAD[case])))


ROUTED = small("    routes: [/]\n", "rollout: {}\n")

RULES = {
    "a command splits into words": small().replace("serve ${PORT}", "'echo \"'"),
    "an IPv6 address is one": small(environments="  a: {edge: {address: '1::2::3'}}\n"),
    "like names a service that stands on its own": small("  b: {like: c, command: x}\n"),
    "something is started": small("  b: {port: 1}\n", environments="  a: {services: {web: {command: null}}}\n"),
    "secrets are declared, once, without a value": small(
        "    secrets: [B]\n", "variables: {A: {secret: true, default: x}}\nsecrets: {A: {}}\n"
    ),
    "secrets stay out of commands": small("    env: {A: '${B}'}\n", "secrets: {B: {}}\n"),
    "needs names what there is": small("    needs: [b]\n"),
    "needs has no circle": small("    needs: [web]\n"),
    "a job and a service have different names": small(top="jobs: {web: {like: web, command: x}}\n"),
    "routes and health paths need a port": small("  b: {command: x, health: /h}\n"),
    "no route stands twice": small("    routes: [/, /]\n"),
    "a job has like or source": small(top="jobs: {seed: {command: x}}\n"),
    "prepare.inputs need a source": small("    prepare: {run: [x], inputs: [a]}\n"),
    "every name in braces has a value": small("    env: {A: '${B}'}\n"),
    "steps belong to canary": small(top="rollout: {steps: [{weight: 1}]}\n"),
    "weights ascend": ROUTED.replace("{}", "{strategy: canary, steps: [{weight: 2}, {weight: 1}]}"),
    "rolling has room to move": small(top="rollout: {surge: 0}\n"),
    "routes and smoke need a port of the edge": small(top="smoke: [{path: /}]\n", environments="  a: {}\n"),
    "sticky and shadow have their strategies": ROUTED.replace("{}", "{sticky: cookie}"),
    "slow is what the edge counts": ROUTED.replace("{}", "{judge: {latency: 1ms}}"),
    "what is shared or judged is answers to requests": small(top="rollout: {strategy: canary}\n"),
    "a judge has something to judge": ROUTED.replace("{}", "{judge: {alpha: 0.01}, watch: off}"),
    "the watch ends before the window": ROUTED.replace("{}", "{watch: 1h}"),
    "a shadow ends within a day": ROUTED.replace("{}", "{shadow: {percent: 1, for: 2d}}"),
    "probes that are asked for are sent": ROUTED.replace("{}", "{judge: {probes: {rate: off, requests: [{path: /}]}}}"),
    "probes that must pass can": ROUTED.replace("{}", "{judge: {insufficient: promote-if-probes-pass}}"),
    "steps have a time to show something in": ROUTED.replace("{}", "{strategy: canary, steps: [{weight: 1}], judge: {insufficient: abort}}"),
    "who approves has the time": ROUTED.replace("{}", "{approve: true, judge: {hold_for: 0s}}"),
    "approve is said once": small(environments="  a: {approve: true, rollout: {approve: false}}\n"),
    "an overlay removes only what is there": small(environments="  a: {tests: null}\n"),
    "an overlay leaves what is required": small(environments="  a: {services: null}\n"),
    "what an overlay adds is complete": small(environments="  a: {services: {b: {port: 1}}}\n"),
    "what an overlay empties is still named": small("    needs: [b]\n  b: {command: x}\n", environments="  a: {services: {b: null}}\n"),
}  # fmt: skip


@pytest.mark.parametrize("rule", BEYOND_JSON_SCHEMA)
def test_each_rule_beyond_the_schema_is_one(rule):
    lines = findings(RULES[rule])
    assert lines
    assert all(re.search(BEYOND_JSON_SCHEMA[rule], line.split(": ", 1)[1]) for line in lines)
    assert list(validator().iter_errors(data(RULES[rule]))) == []


SEED = data(
    small(
        "    source: a\n    prepare: {run: [make, 'b c'], inputs: [x]}\n"
        "    health: {live: /l, ready: /r, timeout: 1s, interval: 1s, successes: 2, deadline: 9s}\n"
        "    routes: [/, {path: /b, host: a.b}]\n    env: {A: 1, B: x, C: true}\n    replicas: 2\n"
        "    stop: {signal: SIGINT, drain: 1s, grace: 2s}\n    needs: [worker]\n"
        "  worker: {like: web, command: work, handover: overlap}\n",
        "jobs: {seed: {like: web, source: s, command: x, when: after-traffic, env: {A: b}, timeout: 1m, needs: [web]}}\n"
        "tests: [x, y]\n"
        "smoke: [{path: /?a, host: a.b, status: 200, contains: x, header: {a: b}, timeout: 1s}]\n"
        "rollout: {strategy: canary, keep: 3, rollback_window: 1m, steps: [{weight: 1, for: 1s}, {weight: 2}], surge: 1,\n"
        "  unavailable: 0, soak: 1s, sticky: off, approve: false, watch: {for: 1m, rollback: true}, shadow: {percent: 5, for: 1m},\n"
        "  judge: {errors: {tolerate: 2}, latency: {over: 300ms}, alpha: 0.01, promote: {errors_below: 2%, confidence: 95%},\n"
        "    probes: {rate: 10/m, requests: [{path: /}]}, insufficient: hold, hold_for: 30m}}\n",
        "  local: {runtime: process, edge: {http: 80, address: 127.0.0.1}, approve: false}\n"
        "  over:\n    edge: {http: 81}\n    services:\n      web: {health: /x, port: 1, env: {A: null}, routes: [/x]}\n"
        "      worker: {like: web, command: y, stop: {drain: 1s}}\n      more: {command: x}\n"
        "    jobs: {seed: {timeout: 2s}}\n    tests: [z]\n    smoke: [{path: /}]\n    rollout: {strategy: rolling, steps: null}\n",
    )
)
KEYS = st.sampled_from(
    ["", "a", "Web", "web", "x y", "command", "comand", "port", "ready", "path", "env", "image", "routes", "limit", "as",
     "services", "stores", "rollout", "judge", "steps", "pause", "weight", "for", "approve", "sticky", "host", "local", "A",
     "watch", "shadow", "percent", "probes", "rate", "latency", "over", "insufficient", "promote", "hold_for"]
)  # fmt: skip
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 102),
    st.sampled_from([65535, 65536, 10**30, 1.5, 2.0, -0.0, 1e300]),
    st.sampled_from(
        ["", "a", "/", "/a b", "/{{x}}", "/?", "a.b", "A.B", "5%", "101%", "1s", "1.5s", "1s\n", "SIGTERM", "canary", "rolling",
         "process", "docker", "cookie", "off", "0s", "350ms", "300ms", "0/m", "10/m", "50%", "99.999%", "abort", "promote-if-probes-pass", "::1", "1::2::3", "${PORT}", "${X}", "${", "'", "a\nb", " ", "..", "a/../b", "web"]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=5
)


def places(node, path=()):
    """Every path in a document."""
    yield path
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, below in entries:
        yield from places(below, (*path, key))


@st.composite
def documents(draw):
    """The seed with one to four changes anywhere: a value replaced, a key taken away, a key added."""
    document = copy.deepcopy(SEED)
    for _ in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from([path for path in places(document) if path] or [("name",)]))
        holder = document
        for step in path[:-1]:
            holder = holder[step]
        change = draw(st.sampled_from(["replace", "remove", "add"]))
        target = holder.get(path[-1]) if isinstance(holder, dict) else None
        if change == "remove" and isinstance(holder, dict):
            holder.pop(path[-1], None)
        elif change == "add" and isinstance(target, dict):
            target[draw(KEYS)] = draw(VALUES)
        else:
            holder[path[-1]] = draw(VALUES)
    return document


def test_the_seed_is_good():
    assert findings(json.dumps(SEED)) == []
    agree(SEED)


SLOW = [HealthCheck.too_slow]


@settings(max_examples=100, deadline=None, suppress_health_check=SLOW)
@given(documents())
@example(SEED | {"environments": {"a": {"services": {"web": {"zzz": None}, "B c": None}}}})
@example(SEED | {"rollout": {"approve": 0, "sticky": "cookie"}})
def test_both_say_the_same_of_any_change(document):
    agree(document)


@pytest.mark.long
@settings(max_examples=1000, deadline=None, suppress_health_check=SLOW)
@given(documents())
def test_both_say_the_same_of_many_changes(document):
    agree(document)


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(max_size=80), st.binary(max_size=80).map(lambda data: data.decode("latin-1")), st.lists(
    st.sampled_from(["a", ":", " ", "\n", "- ", "{", "}", "[", "]", "&a ", "*a", "<<: ", "!!x ", "'", '"', "|", ">", "#", "%", "---\n", "\t", ",", "? ", "services", "environments", "null"]),
    max_size=30).map("".join)))  # fmt: skip
def test_no_text_ends_in_a_traceback(text):
    for line in findings(text):
        assert re.match(r"fairlead\.yaml:[1-9][0-9]*:[1-9][0-9]*: .", line)


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, len(WHOLE)),
    st.integers(0, 12),
    st.sampled_from(["", "x", "\n", " ", ":", "&a ", "*a", "{", "]", "null", "'"]),
)
def test_a_damaged_file_ends_in_findings(at, length, put):
    for line in findings(WHOLE[:at] + put + WHOLE[at + length :]):
        assert re.match(r"fairlead\.yaml:[1-9][0-9]*:[1-9][0-9]*: .", line)


def test_nothing_in_the_schema_points_elsewhere():
    text = json.dumps(json_schema())
    assert set(re.findall(r"https?://[^\"]*", text)) == {"https://json-schema.org/draft/2020-12/schema"}
    assert set(re.findall(r'"\$ref": "(.)', text)) == {"#"}


def test_the_schema_is_the_same_every_time():
    assert json.dumps(json_schema()) == json.dumps(json_schema())


def test_keys_have_the_descriptions_of_the_examples():
    service = json_schema()["$defs"]["Service"]["properties"]
    assert service["replicas"]["description"] == "instances; default: 1"
    undescribed = [key for key, schema in service.items() if not schema.get("description")]
    assert undescribed == []


def test_the_example_projects_of_this_repository_are_accepted_by_both():
    root = Path(__file__).parents[3]
    files = [*root.glob("src/**/fairlead.yaml"), *root.glob("examples/*/fairlead.yaml")]
    assert files
    for file in files:
        assert findings(file.read_text()) == [], file
        assert list(validator().iter_errors(data(file.read_text()))) == [], file
