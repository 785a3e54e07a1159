"""AWS, commands and the environment when they do not do as they are told; and the table that knows them all."""

import importlib
import sys
import uuid

import boto3
import pytest

from fairlead.errors import FairleadError, UsageError
from fairlead.masking import Secret
from fairlead.project.stack import SecretBackend, SecretSpec, Stack
from fairlead.secrets.aws import AwsBackend
from fairlead.secrets.base import Backend, ReadOnly, Unavailable
from fairlead.secrets.environment import EnvironmentBackend
from fairlead.secrets.exec_command import ExecBackend
from fairlead.secrets.table import BACKENDS, backend_of, require

ONE = {"ONE": Secret("eins")}


@pytest.fixture
def aws(aws_url, aws_environment):
    """A back end, and the client of somebody else to the same secret."""
    id = f"shop/{uuid.uuid4().hex}"
    return AwsBackend(id, "eu-west-1", aws_url), boto3.client("secretsmanager", endpoint_url=aws_url), id


def test_aws_about_to_be_deleted(aws):
    backend, client, id = aws
    backend.set(ONE)
    client.delete_secret(SecretId=id)
    for act in (lambda: backend.get(["ONE"]), lambda: backend.add(ONE)):
        with pytest.raises(Unavailable, match="about to be deleted") as caught:
            act()
        assert f"restore-secret --secret-id {id}" in caught.value.hint


def test_aws_changed_by_somebody_else_in_the_same_moment(aws, monkeypatch):
    backend, client, id = aws
    backend.set(ONE)
    read = backend._read

    def read_and_wait():
        found = read()
        client.put_secret_value(SecretId=id, SecretString='{"OTHER": "x"}')
        return found

    backend._read = read_and_wait
    with pytest.raises(Unavailable, match="changed by somebody else in the same moment"):
        backend.set({"TWO": Secret("zwei")})


def test_aws_with_something_else_in_it(aws):
    backend, client, id = aws
    text = "only text"
    client.create_secret(Name=id, SecretString=text)
    with pytest.raises(Unavailable, match="holds no JSON object"):
        backend.names()


def test_aws_without_credentials(aws_url, aws_environment, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(Unavailable, match="no credentials"):
        AwsBackend("shop/test", "eu-west-1", aws_url).names()


def test_aws_that_is_not_there(aws_environment):
    with pytest.raises(Unavailable, match="cannot be reached"):
        AwsBackend("shop/test", "eu-west-1", "http://127.0.0.1:9").names()


def command(script, tmp_path, set_=None):
    path = tmp_path / "it.py"
    path.write_text(script)
    return ExecBackend(f"{sys.executable} it.py get {{name}}", set_, ["ONE"], tmp_path)


def test_a_command_that_fails_is_not_taken_for_no_value(tmp_path):
    backend = command("import sys; print('not a value'); sys.exit('the store is locked')", tmp_path)
    for act in (backend.names, lambda: backend.get(["ONE"])):
        with pytest.raises(Unavailable, match="command for ONE exited with 1: the store is locked") as caught:
            act()
        assert "not a value" not in caught.value.message


def test_what_a_command_says_beside_its_value_is_no_part_of_it(tmp_path):
    backend = command("import sys; print('warning: old', file=sys.stderr); print('eins')", tmp_path)
    assert backend.get(["ONE"]) == ONE


def test_a_command_that_is_not_there(tmp_path):
    with pytest.raises(Unavailable, match="no-such-program: No such file or directory"):
        ExecBackend("no-such-program {name}", None, ["ONE"], tmp_path).names()


def test_a_value_goes_in_by_standard_input_alone(tmp_path):
    log = tmp_path / "log"
    script = f"import sys; open({str(log)!r}, 'w').write(repr(sys.argv) + '|' + sys.stdin.read())"
    backend = command(script, tmp_path, f"{sys.executable} it.py set {{name}} --to vault")
    backend.set(ONE)
    arguments, value = log.read_text().split("|")
    assert value == "eins"
    assert "eins" not in arguments
    assert "'ONE'" in arguments


def test_without_a_command_to_set_nothing_is_set(tmp_path):
    with pytest.raises(ReadOnly, match="no `set`"):
        command("", tmp_path).set(ONE)


@pytest.mark.parametrize("get", [None, "pass show shop", "pass show 'shop/{name}"])
def test_a_command_that_cannot_work_is_said_at_once(tmp_path, get):
    with pytest.raises(UsageError) as caught:
        ExecBackend(get, None, [], tmp_path)
    assert caught.value.hint


def test_a_name_is_one_word(tmp_path):
    backend = ExecBackend("echo '{name} x' {name}", None, ["ONE"], tmp_path)
    assert backend.get(["ONE"])["ONE"].reveal() == "ONE x ONE"


def test_the_environment_is_read_and_never_written(tmp_path):
    (tmp_path / "two").write_text("zwei\n")
    backend = EnvironmentBackend(
        ["ONE", "TWO", "THREE"], {"ONE": "eins", "TWO_FILE": str(tmp_path / "two"), "PATH": "x"}
    )
    assert backend.names() == ("ONE", "TWO")
    assert backend.get(["ONE", "TWO", "THREE"]) == {**ONE, "TWO": Secret("zwei")}
    assert backend.add(ONE) == ()
    for act in (
        lambda: backend.set(ONE),
        lambda: backend.add({"THREE": Secret("drei")}),
        lambda: backend.delete(["ONE"]),
    ):
        with pytest.raises(ReadOnly) as caught:
            act()
        assert caught.value.hint


def test_a_file_that_the_environment_names_and_that_is_missing():
    with pytest.raises(Unavailable, match="ONE_FILE"):
        EnvironmentBackend(["ONE"], {"ONE_FILE": "/nowhere"}).get(["ONE"])


SAID = {"vault": {"url": "http://127.0.0.1:9"}, "exec": {"get": "true {name}"}}


@pytest.mark.parametrize("kind", BACKENDS)
def test_every_kind_of_the_project_file_has_a_back_end(kind, tmp_path):
    stack = Stack(
        "shop", "test", secrets=(SecretSpec("ONE"),), secret_backend=SecretBackend(kind, **SAID.get(kind, {}))
    )
    backend: Backend = backend_of(stack, tmp_path)
    assert backend.where


def test_vault_without_an_address(tmp_path, monkeypatch):
    for name in ("VAULT_ADDR", "BAO_ADDR"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UsageError, match="no url"):
        backend_of(Stack("shop", "test", secret_backend=SecretBackend("vault")), tmp_path)


@pytest.mark.parametrize("kind", ["age", "vault", "aws"])
def test_a_missing_extra_is_named(kind, monkeypatch):
    for module in ("pyrage", "hvac", "boto3"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setattr(sys, "path", [])
    importlib.invalidate_caches()
    with pytest.raises(FairleadError, match="not installed") as caught:
        require(kind)
    assert "pip install 'fairlead[" in caught.value.hint
