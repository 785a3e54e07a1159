"""An editor that is still open when `edit` is ended: what it showed is gone."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

EDITOR = """#!/bin/sh
echo "$1" > "$READY"  # a pipe: whoever reads it knows that the editor is open
exec sleep 60
"""


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_what_an_editor_showed_is_gone(begun, tmp_path, how):
    editor, ready = tmp_path / "editor", tmp_path / "ready"
    editor.write_text(EDITOR)
    editor.chmod(0o700)
    os.mkfifo(ready)
    env = begun.env | {"EDITOR": str(editor), "READY": str(ready)}
    argv = [begun.program, "secrets", "edit", "production"]
    child = subprocess.Popen(argv, cwd=begun.folder, env=env, stdin=subprocess.DEVNULL, start_new_session=True)
    shown = Path(ready.read_text().strip())
    assert "SMTP_PASSWORD: smtp-1" in shown.read_text()
    child.send_signal(how)
    child.wait(300)
    if how == signal.SIGKILL:  # nobody can tidy up then: the next one does
        os.killpg(child.pid, signal.SIGKILL)
        begun.secrets("edit", "production", EDITOR="true")
    assert not shown.parent.exists()
