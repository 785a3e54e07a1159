"""A host is told what it must not do, and how it answers; the same messages go over a real sshd in the acceptance."""

import contextlib
import json
import os
from pathlib import Path

import pytest
from tests.hostile import HELLO, MANIFEST, MESSAGES, chunked, lines, tree

from fairlead import __version__
from fairlead.cli.main import concluded, fairlead
from fairlead.cli.remote.rights import allowed
from fairlead.cli.remote.table import REMOTE
from fairlead.cli.remote.there import Commands
from fairlead.errors import Refused, UsageError
from fairlead.hosts.base import ConnectionLost, Unreachable
from fairlead.hosts.fake import FakeHost
from fairlead.hosts.wire import Ended, Wire
from fairlead.operations.remote import serve as server
from fairlead.operations.remote.bound import ASKED, CONNECTION, DEPLOYER, Bound, command_line
from fairlead.operations.remote.client import Client, Failed
from fairlead.operations.remote.request import Request
from fairlead.operations.remote.running import Operations
from fairlead.operations.remote.serve import PROTOCOL, Server
from fairlead.system.home import Place, home
from fairlead.system.lock import FileLock

WORK = Commands(fairlead, concluded)
HERE = {CONNECTION: "192.0.2.7 1 192.0.2.1 22"}


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FAIRLEAD_HOME", str(tmp_path))
    return tmp_path


def answers(message: bytes, bound: Bound) -> list[dict]:
    """All that a server says to these bytes, up to the end of what was asked: it may wait for more to do then."""
    channel = FakeHost(lambda _, wire: serve(wire, bound)).call("")
    found = []
    try:
        with contextlib.suppress(Ended):
            channel.wire.send_raw(message)
        while not found or found[-1].get("frame") != "exit":
            found.append(channel.wire.message())
        return found
    except Ended:
        return found
    finally:
        channel.close()


def serve(wire: Wire, bound: Bound, environ: dict[str, str] | None = None) -> None:
    Server(wire, bound, WORK, environ or {ASKED: command_line("shop", "local")}).run()


@pytest.mark.parametrize("name", MESSAGES)
def test_what_is_not_understood_ends_it(name: str) -> None:
    message, why = MESSAGES[name]
    said = answers(message, Bound("local", "shop"))
    assert [one.get("frame") for one in said[-2:]] == ["error", "exit"]
    assert why in said[-2]["error"]["message"]
    assert why in (home() / "remote.log").read_text().splitlines()[-1]
    there = home() / "shop" / "local" / "remote" / "checkouts"
    assert not there.exists() or not list(there.glob("*/manifest.json"))
    assert not (home().parent / "x").exists()


@pytest.mark.parametrize(
    "asked",
    ["", "sh", "scp -t /tmp", "/usr/lib/openssh/sftp-server", "internal-sftp", "fairlead serve-ssh local; id",
     "fairlead serve-ssh next --project shop", "fairlead serve-ssh local --project other",
     "fairlead serve-ssh local\nid"],
)  # fmt: skip
def test_a_key_runs_one_command(asked: str) -> None:
    with pytest.raises(Refused):
        Bound("local", "shop").check_asked({ASKED: asked} | HERE)


OTHERS = [" ".join(words) for words in REMOTE if " ".join(words) not in DEPLOYER]


@pytest.mark.parametrize("word", OTHERS)
def test_a_key_deploys_and_does_nothing_else_unless_its_line_says_so(word: str) -> None:
    request = Request(word, {})
    with pytest.raises(Refused, match=f"may deploy, rollback, .* in local, and not {word}") as refused:
        WORK.accept(request, Bound("local", "shop", sources=("next",)), None)
    assert f"`--may {word.replace(' ', '-')}`" in str(refused.value.hint)
    for bound in (
        Bound("local", "shop", may=allowed([word], [], False)),
        Bound("local", "shop", may=allowed([], [word.replace(" ", "-")], False)),
        Bound("local", "shop", may=allowed(["all"], [], False)),
        Bound("local", "shop", forced=False),
    ):
        bound.require_may(word)


def test_what_a_deployer_needs() -> None:
    for word in DEPLOYER:
        Bound("local", "shop").require_may(word)
    only = Bound("local", "shop", may=allowed([], ["status"], False))
    with pytest.raises(Refused, match="may status in local, and not deploy"):
        only.require_may("deploy")
    assert {"approve", "promote"} <= set(allowed([], [], True))


def test_names_of_commands_are_looked_at() -> None:
    for text in ("exec", "shell", "identity", "", "db", "secrets get", "deploy;id"):
        with pytest.raises(UsageError, match="is no command that runs on a host"):
            allowed([text], [], False)
    with pytest.raises(UsageError, match="did you mean"):
        allowed(["db-statsu"], [], False)
    names = ["-".join(words) for words in REMOTE]
    assert len(set(names)) == len(names)  # each means one command, where no blank can stand


@pytest.mark.parametrize("what", ["db restore", "stop", None])
def test_a_key_neither_follows_nor_interrupts_what_it_could_not_begin(own_home: Path, what: str | None) -> None:
    place = Place.of("shop", "local")
    Operations(place).begin({"what": "fairlead it", "by": "ann", "checkout": None, "operation": what}, lambda emit: 0)
    said = answers(lines(HELLO, {"say": "attach"}), Bound("local", "shop"))
    assert f"and not {what}" in said[-2]["error"]["message"]
    said = answers(lines(HELLO, {"say": "attach"}), Bound("local", "shop", may=("all",)))
    assert said[-1] == {"frame": "exit", "code": 0}


def test_the_command_of_the_client_is_that_one() -> None:
    Bound("local", "shop").check_asked({ASKED: command_line("shop", "local")} | HERE)
    Bound("local", "shop").check_asked({ASKED: "fairlead serve-ssh local"} | HERE)
    with pytest.raises(Refused):
        Bound("local", "shop").check_asked(HERE)  # a shell was asked for
    Bound("local", "shop", forced=False).check_asked(HERE)
    Bound("local", "shop").check_asked({})  # by hand, on the host


def test_a_key_without_a_project_is_for_the_one_that_is_there(own_home: Path) -> None:
    assert Bound("local").agreed("shop", "local").project == "shop"
    (own_home / "shop" / "local" / "remote").mkdir(parents=True)
    assert Bound("local").agreed("shop", "local").project == "shop"
    with pytest.raises(Refused, match="local of shop alone"):
        Bound("local").agreed("other", "local")
    assert Bound("local", forced=False).agreed("other", "local").project == "other"
    (own_home / "other" / "local" / "remote").mkdir(parents=True)
    with pytest.raises(Refused, match="other, shop have local here"):
        Bound("local").agreed("shop", "local")


def test_no_project_climbs_out_of_the_home() -> None:
    for project in ("../../x", "..", "/tmp", "", "a/b", "-x"):
        for bound in (Bound("local"), Bound("local", forced=False)):
            with pytest.raises(Refused, match="is no name of a project"):
                bound.agreed(project, "local")


def test_who_vanishes_while_sending_lets_others_send(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection of a machine that lost its network stays open for hours."""
    monkeypatch.setattr(server, "SILENCE", 0.2)
    channel = FakeHost(lambda _, wire: serve(wire, Bound("local", "shop"))).call("")
    asked = lines(HELLO, {"say": "tree"}) + chunked(json.dumps(MANIFEST).encode())
    try:
        channel.wire.send_raw(asked)
        assert [channel.wire.message().get("say") for _ in range(2)] == ["welcome", "want"]
        assert "silent for 0.2 s" in channel.wire.message()["error"]["message"]
    finally:
        channel.close()
    assert not FileLock(own_home / "shop" / "local" / "remote" / "lock").held()


def test_the_disk_of_the_host_is_not_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "free_bytes", lambda _: server.ROOM + 4)
    said = answers(tree(b""), Bound("local", "shop"))
    assert "the host has 256 MiB left" in said[-2]["error"]["message"]


def test_the_log_is_one_line_each(own_home: Path) -> None:
    answers(b'{"say": "hello", "project": "a\\nb", "environment": "x\\u001b[31m"}\n', Bound("local", "shop"))
    lines = (own_home / "remote.log").read_text().splitlines()
    assert len(lines) == 1 and "\x1b" not in lines[0]
    assert (own_home / "remote.log").stat().st_mode & 0o077 == 0


def told(said: dict) -> FakeHost:
    def answer(_: str, wire: Wire) -> None:
        wire.send_raw(b"Welcome to this machine\n")
        wire.message()
        wire.send(said)

    return FakeHost(answer)


@pytest.mark.parametrize("said", [{"fairlead": "0.0.9"}, {"protocol": 99}])
def test_another_version_is_named_with_what_to_do(said: dict) -> None:
    welcome = {"say": "welcome", "protocol": PROTOCOL, "fairlead": __version__} | said
    with (
        pytest.raises(Refused, match=f"Fairlead here is {__version__}, the one on deploy@fake is") as caught,
        Client(told(welcome), "shop", "production"),
    ):
        pass
    assert "fairlead host install production" in str(caught.value.hint)


def test_a_connection_that_breaks_says_whether_something_goes_on() -> None:
    welcome = {"say": "welcome", "protocol": PROTOCOL, "fairlead": __version__}

    def answer(_: str, wire: Wire) -> None:
        wire.message()
        wire.send(welcome)
        request = wire.message()
        if request["operation"] == "deploy":
            wire.send({"frame": "begun", "operation": 1})

    for operation, what in (("deploy", "goes on"), ("status", "nothing was begun")):
        with Client(FakeHost(answer), "shop", "production") as client, pytest.raises(ConnectionLost, match=what):
            client.run(Request(operation), lambda frame: None)
    with pytest.raises(Unreachable), Client(FakeHost(lambda *_: None), "shop", "production"):
        pass


def test_a_refusal_comes_over_as_it_was() -> None:
    with (
        pytest.raises(Failed, match="for local alone") as caught,
        Client(FakeHost(lambda _, wire: serve(wire, Bound("local", "shop"))), "shop", "next"),
    ):
        pass
    assert caught.value.exit_code == 3
    assert HELLO["project"] == "shop" and os.environ["FAIRLEAD_HOME"]
