"""Commands: outcomes, not exceptions; nothing outlives a timeout; secrets stay masked."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from fairlead.errors import FairleadError
from fairlead.masking import Secret
from fairlead.system.clock import wait_until
from fairlead.system.commands import Command, run
from fairlead.system.processes import group_members


def python(code: str, *arguments: str, **more: object) -> Command:
    return Command((sys.executable, "-c", code, *arguments), **more)


def test_an_outcome() -> None:
    fine = run(python("print('out'); import sys; print('err', file=sys.stderr)"))
    assert fine
    assert sorted(fine.output.split()) == ["err", "out"]
    assert fine.require("greeting") is fine
    bad = run(python("print('what happened'); raise SystemExit(3)"))
    assert (bool(bad), bad.code) == (False, 3)
    with pytest.raises(FairleadError, match=r"greeting: `.*` exited with 3\n  what happened"):
        bad.require("greeting")


def test_a_program_that_is_not_there() -> None:
    outcome = run(Command(("no-such-program-anywhere",)))
    assert (outcome.code, outcome.output) == (127, "no-such-program-anywhere: No such file or directory")


def test_where_and_with_what(tmp_path: Path) -> None:
    code = "import os, sys; print(os.getcwd(), dict(os.environ).get('ONLY'), 'HOME' in os.environ, sys.stdin.read())"
    outcome = run(python(code, cwd=tmp_path, env={"ONLY": "this"}, stdin="typed"))
    assert outcome.output.split() == [str(tmp_path.resolve()), "this", "False", "typed"]


def test_nothing_to_read_is_an_end_not_a_wait() -> None:
    assert run(python("import sys; print(repr(sys.stdin.read()))")).output.strip() == "''"


def test_a_timeout_ends_the_whole_group(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    code = 'sleep 600 & echo $$ > "$0"; echo so far; sleep 600'  # a shell begins at once, also on a busy machine
    outcome = run(Command(("sh", "-c", code, str(mark)), timeout=3.0))
    assert (bool(outcome), outcome.timed_out) == (False, True)
    group = int(mark.read_text())
    assert wait_until(lambda: group_members(group) == (), 120)
    with pytest.raises(FairleadError, match=r"took too long and was ended\n  so far"):
        outcome.require("sleep")


def test_an_interrupt_ends_the_whole_group(tmp_path: Path) -> None:
    """Ctrl-C reaches Fairlead alone, since the command has a session of its own."""
    seen: list[int] = []

    def stop(line: str) -> None:
        seen.append(int(line))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(python("import os, time; print(os.getpid(), flush=True); time.sleep(600)"), stop)
    assert wait_until(lambda: group_members(seen[0]) == (), 120)


def test_lines_as_they_come() -> None:
    lines: list[str] = []
    outcome = run(python("print('one'); print('two')"), lines.append)
    assert (lines, outcome.output) == (["one", "two"], "one\ntwo\n")


def test_output_that_is_no_text() -> None:
    assert run(python(r"import os; os.write(1, b'\xff\xfe')")).output == "��"


def test_secrets_go_in_by_stdin_and_come_out_masked() -> None:
    command = replace(python("import sys; print('got', input()); raise SystemExit(1)"), stdin=Secret("hunter22"))
    outcome = run(command)
    assert outcome.output.strip() == "got hunter22"  # the program has it
    with pytest.raises(FairleadError) as caught:
        outcome.require("login")
    for text in (str(caught.value), repr(command), repr(outcome)):
        assert "hunter22" not in text
    assert "got ********" in str(caught.value)


def test_a_command_line_with_a_known_secret_is_shown_masked() -> None:
    Secret("hunter22")
    assert Command(("login", "--password=hunter22")).shown() == "login --password=********"


def test_a_line_is_shown_as_it_could_be_typed() -> None:
    assert Command(("echo", "a b", "$HOME", "")).shown() == "echo 'a b' '$HOME' ''"


def test_no_shell() -> None:
    text = "$(id) `id` ; id"
    assert run(python("import sys; print(sys.argv[1])", text)).output.strip() == text
