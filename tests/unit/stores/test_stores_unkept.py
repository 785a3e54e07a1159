"""A store that is run as it is, and its data."""

from dataclasses import replace

from fairlead.operations.checks.stores import examine
from fairlead.operations.db.rights import any_rights, targets
from fairlead.project.stack import Container, Stack, Store
from fairlead.project.stack_rights import Rights, User
from fairlead.system.home import Place

AS_IT_IS = Store(
    "db", "postgres", command="postgres -c max_connections=40", rights=(Rights("shop", (User("web", "rw"),)),)
)


def said(tmp_path, store):
    found = examine(Stack("shop", "live", runtime="docker", stores=(store,)), Place(tmp_path))
    return [(one.result, one.text, one.hint) for one in found]


def test_without_a_volume_that_has_a_name_it_goes_with_its_container(tmp_path):
    ((result, text, hint),) = said(tmp_path, AS_IT_IS)
    assert result == "warning" and text.endswith("so it goes with its container")
    assert hint == 'name one: volumes: ["db-data:/var/lib/postgresql/data"]'
    assert said(tmp_path, replace(AS_IT_IS, container=Container(volumes=("data:/var/lib/postgresql/data",)))) == []
    assert said(tmp_path, replace(AS_IT_IS, command=None)) == []
    assert said(tmp_path, replace(AS_IT_IS, kind="container")) == []


def test_nobody_makes_its_roles(tmp_path):
    stack = Stack("shop", "live", runtime="docker", stores=(AS_IT_IS,))
    assert not any_rights(stack) and targets(stack, tmp_path) == ()
    assert any_rights(replace(stack, stores=(replace(AS_IT_IS, command=None),)))
