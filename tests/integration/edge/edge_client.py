"""A client in one of the networks of an edge in containers."""

from contextlib import contextmanager

from tests.docker_engine import images

from fairlead.render.container import ContainerSpec, Joined
from fairlead.render.edge_containers import DOOR

FETCH = "import sys, urllib.request as http; print(http.urlopen(sys.argv[1], timeout=120).read().decode())"


@contextmanager
def client(rig, network):
    """A container in one network of the edge, which knows two names: `asked(URL)`, and what it is called."""
    owner, engine = rig.edge.boxes.owner, rig.edge.boxes.engine
    links = tuple((owner.name(DOOR), name) for name in ("web", "api"))
    name, joined = owner.name(f"client-{network}"), Joined(owner.name(network), (), links)
    asker = ContainerSpec(
        name=name, image=images()["python"], entrypoint=("sleep", "infinity"), networks=(joined,), stop_grace=0,
        labels=owner.labels("helper"),
    )  # fmt: skip
    engine.create(asker)
    try:
        engine.start(name)

        def asked(url):
            """The answer, whatever it is; one that did not come in time on a busy machine is asked for again."""
            for _ in range(3):
                ran = engine.run(name, ("python", "-c", FETCH, url))
                if ran.code == 0 or "HTTP Error" in ran.output:
                    break
            return ran.output.strip().rpartition("\n")[2]

        yield asked, joined
    finally:
        engine.remove(name)


def made_anew(docker_engine, boxes, joined):
    """The network with another subnet, by hand: whoever was in it is taken out, and the client comes back."""
    name, client = joined.network, boxes.name("client-own")
    seen = docker_engine.inspect(name)
    for one in (client, boxes.name(DOOR)):
        docker_engine("network", "disconnect", "--force", name, one)
    docker_engine("network", "rm", name)
    labels = [word for key, value in seen["Labels"].items() for word in ("--label", f"{key}={value}")]
    placeholder = f"{name}-before"  # so that the engine chooses another one
    docker_engine("network", "create", "--subnet", seen["IPAM"]["Config"][0]["Subnet"], *labels, placeholder)
    docker_engine("network", "create", "--internal", *labels, name)
    docker_engine("network", "rm", placeholder)
    boxes.engine.join(client, joined)
