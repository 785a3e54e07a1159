"""Every command, in the groups of the first help screen, with its summary: known without importing any of them."""

from __future__ import annotations

from importlib.util import find_spec

GROUPS: dict[str, dict[str, str]] = {
    "Begin": {
        "init": "Write a fairlead.yaml for the project in this folder.",
        "doctor": "Say whether a deployment would work here, and what to mend.",
        "demo": "Show the whole in about a minute, on an example.",
    },
    "Develop": {
        "dev": "Run all services here and restart them as you edit.",
        "test": "Run the tests that the project declares.",
        "render": "Write the files that are generated of an environment.",
    },
    "Release": {
        "build": "Build the images of an environment.",
        "push": "Give the images of the live release to a registry.",
        "deploy": "Move an environment to what this folder holds now.",
        "rollback": "Move an environment back to an earlier release.",
        "promote": "Deploy what is live elsewhere, or a canary to all users.",
        "approve": "Let a rollout go on that waits for a person.",
        "pause": "Have a rollout go no further for now.",
        "resume": "Let a rollout go on that was paused.",
        "abort": "Take back what is being rolled out.",
    },
    "Look": {
        "status": "What is live, how it is, and who gets the traffic.",
        "verdict": "What the evidence says of a release, and why.",
        "history": "What happened to an environment, the newest first.",
        "releases": "The releases that are kept.",
        "logs": "What the instances write.",
        "ps": "What each instance uses of the machine.",
        "ports": "What is declared, against what really listens.",
        "drift": "Whether what runs is what was deployed.",
        "edge": "Try the routes and policies of the running system.",
        "notify": "Send a test to those who are told, or show what was sent.",
        "env": "Values of environments, where they come from, what differs.",
        "certs": "Certificates of https: what to trust, what is in force, renew.",
        "ledger": "Show or verify the log that everything is written to.",
    },
    "Run": {
        "up": "Bring an environment back as it was, after a reboot or a stop.",
        "stop": "End everything of an environment.",
        "exec": "Run a command beside an instance, with all that it sees.",
        "shell": "Open a shell beside an instance.",
        "prune": "Remove what is no longer needed: releases, artifacts, images.",
        "attach": "Follow what is under way in an environment, to its end.",
        "serve": "Look after an environment (the keeper; started by itself).",
        "serve-ssh": "The host's side of a command from another machine.",
    },
    "Keep": {
        "db": "Look at databases, move their schemas, restore them.",
        "backup": "Make, list, verify and prune backups.",
        "stores": "Change what keeps data, and see what it writes.",
    },
    "Set up": {
        "host": "Install Fairlead on a server, and let a key deploy there.",
        "startup": "Have environments come back when this machine starts.",
        "secrets": "Keep, change and look for what must stay secret.",
        "schema": "Print the JSON Schema of fairlead.yaml.",
        "completion": "Print the shell's completion of fairlead commands.",
    },
}


def groups() -> dict[str, dict[str, str]]:
    """The commands that this installation has."""
    there = {title: {name: text for name, text in rows.items() if _there(name)} for title, rows in GROUPS.items()}
    return {title: rows for title, rows in there.items() if rows}


def names() -> list[str]:
    """All of them, in the order of the help screen."""
    return [name for rows in groups().values() for name in rows]


def summary(name: str) -> str:
    """The one line that says what a command is for; empty for the commands below another one."""
    return next((rows[name] for rows in GROUPS.values() if name in rows), "")


def module(name: str) -> str:
    """Where a command is defined."""
    return f"fairlead.cli.{name.replace('-', '_')}"


def _there(name: str) -> bool:
    return find_spec(module(name)) is not None
