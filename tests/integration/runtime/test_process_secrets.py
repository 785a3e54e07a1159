"""What the launcher reads of secrets just before a program begins."""

import os
import sys

import pytest
from instances import one, ready, spec

from fairlead.errors import FairleadError

pytestmark = pytest.mark.real
SHARED = True
ODD = b"\xff 'quoted' $HOME \n\twith a new line\n"


def test_a_value_is_in_the_environment_alone_byte_for_byte(runtime, place, tmp_path):
    file = tmp_path / "TOKEN"
    file.write_bytes(ODD)
    [id] = ready(runtime, spec(secret_env={"TOKEN": str(file)}))
    with open(f"/proc/{one(runtime, id).pid}/environ", "rb") as environ:
        assert b"TOKEN=" + ODD in environ.read().split(b"\0")
    assert not [path for path in place.root.rglob("*") if path.is_file() and ODD in path.read_bytes()]


def test_it_is_read_anew_at_each_start(runtime, tmp_path):
    file = tmp_path / "TOKEN"
    file.write_text("first")
    [id] = ready(runtime, spec(secret_env={"TOKEN": str(file)}))
    file.write_text("second")
    runtime.stop([id])
    runtime.restart([id])
    runtime.await_ready([id], lambda _: None)
    with open(f"/proc/{one(runtime, id).pid}/environ", "rb") as environ:
        assert b"TOKEN=second" in environ.read().split(b"\0")


@pytest.mark.parametrize(
    ("content", "said"), [(None, "No such file"), (b"zero\0byte", "has a zero byte, which no environment can hold")]
)
def test_one_that_cannot_be_had_is_said_in_the_log(runtime, tmp_path, content, said):
    file = tmp_path / "TOKEN"
    if content is not None:
        file.write_bytes(content)
    job = spec("job", argv=("true",), job=True, secret_env={"TOKEN": str(file)})
    with pytest.raises(FairleadError, match="ended with 127"):
        runtime.run_job(job, 30)
    assert said in runtime.log_tail(job.id, 5) and "zero\0byte" not in runtime.log_tail(job.id, 5)
    assert os.environ.get("TOKEN") is None


def test_what_it_writes_of_them_to_its_log_is_masked_where_that_is_quoted(runtime, place):
    """By a process too that never asked the back end for them, as the keeper."""
    handed = place.secrets / "r1" / "job" / "current"
    handed.mkdir(parents=True)
    (handed / "KEY").write_text("canary-in-a-file")
    (handed / "TOKEN").write_text("canary-in-the-environment")
    code = "import os, base64; print(open(os.environ['KEY_FILE']).read(), os.environ['TOKEN'], base64.b64encode(os.environb[b'TOKEN']).decode())"  # noqa: E501
    job = spec(
        "job", argv=(sys.executable, "-c", f"{code}; raise SystemExit(1)"), job=True,
        env={"KEY_FILE": str(handed / "KEY")}, secret_env={"TOKEN": str(handed / "TOKEN")},
    )  # fmt: skip
    with pytest.raises(FairleadError) as caught:
        runtime.run_job(job, 30)
    assert "******** ******** ********" in str(caught.value)
    assert "canary-in-a-file" in (place.instances / job.id / "log").read_text()
