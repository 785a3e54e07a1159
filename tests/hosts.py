"""Hosts for tests: network namespaces with a name and an address each, all on one network that nobody else is on."""

import secrets
import subprocess
from contextlib import ExitStack, contextmanager

NETWORK = "10.211.7"


def ip(*words):
    subprocess.run(["ip", *words], check=True, stdin=subprocess.DEVNULL)


class Host:
    """One; `number` is the end of its address."""

    def __init__(self, name, number, network):
        self.name, self.address, self.namespace = name, f"{NETWORK}.{number}", f"{network}-{name}"

    def argv(self, *argv):
        """What runs a program there, in a process that is the program's own in the end."""
        named = f'hostname {self.name} && exec nsenter --net=/run/netns/{self.namespace} "$@"'
        return ["unshare", "--uts", "sh", "-c", named, "sh", *map(str, argv)]

    def cut(self):
        """From now on nothing comes in or goes out, and nobody is told."""
        ip("-n", self.namespace, "link", "set", "net", "down")

    def mend(self):
        """As it was."""
        ip("-n", self.namespace, "link", "set", "net", "up")


@contextmanager
def hosts(*names):
    """The first one is what the others are connected to; loopback is up in each. It needs root."""
    network = f"fl-{secrets.token_hex(3)}"
    made = [Host(name, number, network) for number, name in enumerate(names, 1)]
    first, *others = made
    with ExitStack() as stack:
        for one in made:
            ip("netns", "add", one.namespace)
            stack.callback(ip, "netns", "del", one.namespace)
            ip("-n", one.namespace, "link", "set", "lo", "up")
        ip("-n", first.namespace, "link", "add", "net", "type", "bridge")
        for one in others:
            ip("-n", first.namespace, "link", "add", one.name, "type", "veth", "peer", "name", "net", "netns",
               one.namespace)  # fmt: skip
            ip("-n", first.namespace, "link", "set", one.name, "master", "net", "up")
        for one in made:
            ip("-n", one.namespace, "address", "add", f"{one.address}/24", "dev", "net")
            ip("-n", one.namespace, "link", "set", "net", "up")
        yield made
