"""A guess as the commented sections of a project file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fairlead.operations.adopt.written import value_of
from fairlead.operations.guess.service import Guess

if TYPE_CHECKING:
    from ruamel.yaml.comments import CommentedMap

HEAD = """The project, whole. Every key is explained in the reference; `fairlead schema` helps your editor.
Next: fairlead doctor, then fairlead deploy local"""


def tree(
    name: str, guess: Guess, port: int, named: Mapping[str, Any], here: Mapping[str, str], others: Sequence[str] = ()
) -> CommentedMap:
    """The project; `named` are its variables and secrets, `here` what `.env` says of the plain ones."""
    sections = {key: value_of(one, (key,)) for key, one in named.items()}
    made = _map({"name": name, **sections, "services": _map(_services(guess, named))})
    made.yaml_set_start_comment(HEAD)
    if guess.before:
        made["jobs"] = {"release": {"like": "web", "command": guess.before}}
        made.yaml_set_comment_before_after_key("jobs", before="\nrun once before a release gets requests")
    if guess.test:
        made["tests"] = [guess.test]
        made.yaml_set_comment_before_after_key("tests", before="\nrun by `fairlead test`")
    more = {other: _environment(guess, port + number, {}) for number, other in enumerate(others, 1)}
    made["environments"] = _map({"local": _environment(guess, port, here), **more})
    made.yaml_set_comment_before_after_key("environments", before="\nwhere it runs; each may change any value above")
    rollout = {"strategy": "blue-green", "rollback_window": "10m"}
    made["rollout"] = _map(rollout, strategy="or rolling, or canary", rollback_window="the old release stays warm")
    made.yaml_set_comment_before_after_key("rollout", before="\n")
    return made


def _environment(guess: Guess, port: int, here: Mapping[str, str]) -> CommentedMap:
    edge = _map({"http": port}, http="where requests come in")
    runtime, said = ("docker", "as the Dockerfile says") if guess.container else ("process", "plain processes here")
    made = _map({"runtime": runtime, "edge": edge}, runtime=said)
    if here:
        made["variables"] = value_of(here, ("environments", "local", "variables"))
    return made


def _services(guess: Guess, named: Mapping[str, Any]) -> dict[str, Any]:
    return {"web": web(guess, named)} | {
        name: _map({"like": "web", "command": command}, like="the same files and variables")
        for name, command in guess.also.items()
    }


def web(guess: Guess, named: Mapping[str, Any]) -> CommentedMap:
    """The service that takes requests."""
    made = _map({} if guess.container else {"source": "."}, source="the folder with the code")
    if guess.dockerfile:
        made["build"] = {"context": "."}
        made.yaml_add_eol_comment("the Dockerfile, for containers", "build")
    if guess.prepare:
        made["prepare"] = _prepare(guess)
        made.yaml_add_eol_comment("once for each new artifact", "prepare")
    if guess.command:
        made["command"] = guess.command
    made["port"] = guess.port
    made.yaml_add_eol_comment("in a container; a process gets a free ${PORT}", "port")
    if guess.health or guess.check:
        made["health"] = guess.health or {"command": guess.check}
        made.yaml_add_eol_comment("says when an instance can take requests", "health")
    made["routes"] = ["/"]
    _told(made, guess, named)
    made["replicas"] = 2
    made.yaml_add_eol_comment("instances", "replicas")
    return made


def _told(made: CommentedMap, guess: Guess, named: Mapping[str, Any]) -> None:
    """What it reads from its environment."""
    variables = {name: one for name, one in named.get("variables", {}).items() if not one.get("secret")}
    env = {**guess.env, **{name: f"${{{name}}}" for name in variables}}
    if env:
        made["env"] = env
    hidden = [name for name in (*named.get("secrets", ()), *named.get("variables", ())) if name not in variables]
    if hidden:
        made["secrets"] = [{"name": name, "as": "env"} for name in hidden]


def _prepare(guess: Guess) -> CommentedMap:
    made = _map({"run": list(guess.prepare)})
    if guess.inputs:
        made["inputs"] = list(guess.inputs)
        made.yaml_add_eol_comment("unchanged inputs: nothing is installed again", "inputs")
    return made


def _map(data: Mapping[str, Any], **comments: str) -> CommentedMap:
    from ruamel.yaml.comments import CommentedMap  # noqa: PLC0415 — 30 ms

    made = CommentedMap(data)
    for key, comment in comments.items():
        if key in made:
            made.yaml_add_eol_comment(comment, key)
    return made
