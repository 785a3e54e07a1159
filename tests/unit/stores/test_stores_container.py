"""The container of a store: what it sees, who it runs as, and that nothing of it is secret."""

from dataclasses import replace
from pathlib import Path

import pytest

from fairlead.engine.owner import Owner
from fairlead.errors import FairleadError
from fairlead.operations.stores.declared import declared
from fairlead.project.stack import Container, Health, Resources, ServiceSecret, Stack, Store
from fairlead.render.compose.store import spec_of
from fairlead.render.container import creation
from fairlead.stores.container_spec import container_of
from fairlead.stores.declared import fingerprint
from fairlead.stores.kinds.table import kind_of

OWNER = Owner("h", "shop", "local")
FOLDER = Path("/home/shop/local/stores/db")
DB = Store("db", "postgres", databases=("shop",))


def made(store, **secret_env):
    return container_of(store, kind_of(store), OWNER, FOLDER, "sha256:1", secret_env)


def test_it_is_named_labelled_and_in_the_network_of_its_kind():
    spec = made(DB)
    assert spec.name == "shop-local-db"
    assert spec.labels["dev.fairlead.spec"] == fingerprint(DB)
    assert [(one.network, one.aliases) for one in spec.networks] == [("shop-local-database", ("db",))]
    assert spec.publish == ()


def test_it_keeps_its_data_in_a_volume_and_cannot_write_its_configuration():
    seen = {one.target: (one.kind, one.source, one.read_only) for one in made(DB).mounts}
    assert seen == {
        "/etc/fairlead": ("bind", f"{FOLDER}/conf", True),
        "/var/lib/postgresql/data": ("volume", "shop-local-db-data", False),
        "/run/fairlead/socket": ("bind", f"{FOLDER}/socket", False),
    }


def test_a_volume_of_the_file_is_taken_instead():
    named = replace(DB, container=Container(volumes=("old:/var/lib/postgresql/data",)))
    assert [one.source for one in made(named).mounts if one.kind == "volume"] == ["shop-local-old"]


def test_it_may_do_as_little_as_a_service():
    body = creation(made(replace(DB, container=Container(resources=Resources(2.0, 2 << 30)))))
    host = body["HostConfig"]
    assert body["User"] == "postgres"
    assert (host["CapDrop"], host["ReadonlyRootfs"], host["SecurityOpt"]) == (["ALL"], True, ["no-new-privileges:true"])
    assert (host["NanoCpus"], host["Memory"]) == (2_000_000_000, 2 << 30)
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    assert "/run/postgresql" in host["Tmpfs"]


def test_a_preset_says_what_is_usual():
    spec = made(Store("scanner", "container", preset="clamav", health=Health(timeout=60.0)))
    assert spec.user == "clamav"
    assert spec.healthcheck.test == ("CMD", "clamdcheck.sh")
    assert spec.healthcheck.timeout == 60.0
    assert {one.target for one in spec.mounts} == {"/etc/fairlead", "/var/lib/clamav"}


def test_its_own_secrets_are_files_or_variables():
    keys = (ServiceSecret("ONE"), ServiceSecret("TWO", "env", "SECOND"))
    spec = made(Store("x", "container", secrets=keys, container=Container(image="x")), SECOND="phrase")
    assert spec.env == {"ONE_FILE": "/run/secrets/ONE", "SECOND": "phrase"}
    assert "/run/secrets" in {one.target for one in spec.mounts}


def test_its_keys_for_compose_are_read_with_their_values():
    store = replace(DB, container=Container(compose={"shm_size": "${SIZE}", "ulimits": {"nofile": "${FILES_}"},
                                                     "labels": ["x=${RELEASE}"]}))  # fmt: skip
    stack = Stack("shop", "local", "docker", stores=(store,), variables={"SIZE": "1g", "FILES_": "9"})
    with pytest.raises(FairleadError, match="store db: compose: shm_size is not as Compose has it"):
        made(store)
    (there,) = declared(stack, Path("/p"))
    assert made(there).more == {"ShmSize": 1 << 30, "Ulimits": [{"Name": "nofile", "Soft": 9, "Hard": 9}]}
    assert spec_of(store).more == {}  # a Compose file has them as they are
