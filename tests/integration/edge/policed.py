"""An edge whose routes have policies, and requests that try them."""

import contextlib
import http.client
import socket
import ssl
import time

import asking
from rig import ContainerRig, Rig
from running import eventually, free_port
from tests.docker_engine import inside

from fairlead.project.stack_edge import Edge, Policies, Route
from fairlead.render.edge import EdgeRoute, EdgeTable, HeaderRoute, Pool, Sticky
from fairlead.render.traefik import route_key


def header_of(answer, name):
    """The header of an answer, or None."""
    return answer.headers.get(name.lower())


def sent(link, pause):
    """What comes back for `hello`, written in two halves with a pause between them."""
    link.sendall(b"hel")
    link.recv(4096)
    time.sleep(pause)  # the time itself is what is tried
    return asking.echo(link, b"hello")[-9:]


def both(test):
    """Tried behind the door of a container too: what comes through the engine's address translation may differ."""
    test.kinds = ("process", "docker")
    return test


class Policed(Rig):
    """A rig on all of loopback: a request can come from any address of it. A context manager."""

    address, proxy, other = "127.0.0.1", "127.0.0.2", "127.0.0.3"  #: of the edge, of who is trusted, of another client

    def __init__(self, root, https=False, **listen):
        super().__init__(root)
        self.https = free_port() if https else None
        proxies = (f"{self.proxy}/32",)
        self.listen = Edge(http=self.port, https=self.https, address=self.address, trusted_proxies=proxies, **listen)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def route(self, backend, policies=None):
        """Everything to one back end."""
        self.routes(backend, Route("/", policies=policies or Policies()))

    def routes(self, backend, *routes, others=()):
        """Routes of one back end, and of others."""
        pools = [Pool("web", "r1", (backend.port,), self.hosts, waits=routes)]
        made = [EdgeRoute(one.path, one.host, (("web-r1", 100),), how=one) for one in routes]
        for number, (other, one) in enumerate(others):
            pools.append(Pool(f"s{number}", "r1", (other.port,), self.hosts))
            made.append(EdgeRoute(one.path, one.host, ((f"s{number}-r1", 100),), how=one))
        headers = tuple(HeaderRoute(one.path, one.host, "r1", "web-r1", one) for one in routes)
        self.edge.route(EdgeTable((), (), (), self.listen))  # what was counted is forgotten with the routers
        self.edge.route(EdgeTable(tuple(pools), tuple(made), headers, self.listen))

    def two(self, one, two, policies, sticky=False, mirror=False):
        """Two releases, and copies to a third pool."""
        how = Route("/", policies=policies)
        seen = enumerate((one, two, two), 1)
        pools = tuple(Pool("web", f"r{n}", (at.port,), self.hosts, waits=(how,)) for n, at in seen)
        copies = ("web-r3", 100.0) if mirror else ("", 0.0)
        route = EdgeRoute("/", None, (("web-r1", 50), ("web-r2", 50)), *copies, how=how)
        self.edge.route(EdgeTable(pools, (route,), (), self.listen, Sticky("visitor", 60) if sticky else None))

    def keys(self, *routes):
        """The names of routes as the edge has them."""
        return [route_key(one.host, one.path) for one in routes]

    def connection(self, source=None, port=None):
        """A socket to the edge, from another address of this machine."""
        return socket.create_connection(
            (self.address, port or self.port), timeout=60, source_address=(source, 0) if source else None
        )

    def upgraded(self):
        """A WebSocket of a client."""
        return asking.upgraded(self.port, link=self.connection())

    def ask(self, path="/", method="GET", body=None, headers=None, source=None, chunks=None):
        """One request on a fresh connection."""
        link = http.client.HTTPConnection(self.address, self.port, timeout=120)
        link.sock = self.connection(source)
        with contextlib.closing(link):
            return asking.send(link, path, method, iter(chunks) if chunks else body, headers)

    def ask_https(self, path="/"):
        """The same by https; nobody vouches for the certificate."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        link = http.client.HTTPSConnection("127.0.0.1", self.https, timeout=120, context=context)
        with contextlib.closing(link):
            return asking.send(link, path)

    def open(self, path, headers=None):
        """A request whose answer is not waited for."""
        link = self.connection()
        lines = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        link.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{lines}\r\n".encode())
        return link

    def until(self, backend, count):
        """Until the back end has so many requests."""
        eventually(lambda: len(backend.requests) >= count)

    def recovers(self):
        """Until a request is answered again."""
        eventually(lambda: self.ask().status == 200)

    def opens(self):
        """Until a WebSocket is taken again."""

        def opened():
            try:
                self.upgraded().close()
            except AssertionError:
                return False
            return True

        eventually(opened)


class ContainerPoliced(Policed, ContainerRig):
    """The same behind a door, on an address that another machine reaches; its users are there."""

    def __init__(self, root, elsewhere, **listen):
        self.elsewhere = elsewhere
        self.address, _, self.proxy, self.other = elsewhere.addresses
        super().__init__(root, **listen)

    def connection(self, source=None, port=None):
        """A socket to the edge, from the other machine."""
        with inside(self.elsewhere.netns):
            return super().connection(source, port)
