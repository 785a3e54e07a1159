"""One HTTP request on a fresh connection, by the standard library: probes must not pay for a client with a pool."""

from __future__ import annotations

import http.client
import socket
import ssl
import string
from dataclasses import dataclass, field
from urllib.parse import quote

LARGEST = 16 << 20  #: bytes of an answer that are read: enough for the counters of a very busy edge


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `status` 0: nothing did, and `error` says why. Header names are lower case."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    error: str = ""

    @property
    def ok(self) -> bool:
        """A 2xx or 3xx answer."""
        return 200 <= self.status < 400


@dataclass(frozen=True, slots=True)
class Tls:
    """How a connection is made safe: whom it trusts, and the name that the certificate must be for."""

    context: ssl.SSLContext
    name: str


class _Secured(http.client.HTTPConnection):
    """To an address, with the certificate of a name."""

    def __init__(self, host: str, port: int, timeout: float, tls: Tls) -> None:
        super().__init__(host, port, timeout=timeout)
        self._tls = tls

    def connect(self) -> None:
        super().connect()
        self.sock = self._tls.context.wrap_socket(self.sock, server_hostname=self._tls.name)


def trusting(pem: str) -> ssl.SSLContext:
    """Trusts what was signed by one of these certificates, and these themselves, and nothing else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=pem)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def secured(host: str, port: int, timeout: float, tls: Tls | None) -> http.client.HTTPConnection:
    """A connection that is opened by its first request; without `tls` in plain text. `timeout`: seconds."""
    return _Secured(host, port, timeout, tls) if tls else http.client.HTTPConnection(host, port, timeout=timeout)


def get(
    port: int, path: str, timeout: float, headers: dict[str, str] | None = None, host: str = "127.0.0.1",
    tls: Tls | None = None,
) -> Answer:  # fmt: skip
    """GET `path` from `host:port`; every failure is an Answer, never an exception."""
    connection = secured(host, port, timeout, tls)
    try:
        sent = quote(path, safe=string.printable)  # letters beyond ASCII as a browser sends them
        connection.request("GET", sent, headers={"Connection": "close", "User-Agent": "fairlead"} | (headers or {}))
        response = connection.getresponse()
        body = response.read(LARGEST)
        if response.length and len(body) < LARGEST:  # read(amount) does not tell that the rest never came
            return Answer(0, error="the answer broke off")
        return Answer(response.status, body, {name.lower(): value for name, value in response.getheaders()})
    except TimeoutError:
        return Answer(0, error=f"no answer within {timeout:g} s")
    except (OSError, ValueError, http.client.HTTPException) as error:
        return Answer(0, error=reason(error))
    finally:
        connection.close()


def certificate_shown(host: str, port: int, timeout: float, tls: Tls) -> bytes:
    """The certificate (DER) that a server shows. OSError when there is none, or it is not trusted for that name."""
    with (
        socket.create_connection((host, port), timeout) as plain,
        tls.context.wrap_socket(plain, server_hostname=tls.name) as secured,
    ):
        return secured.getpeercert(binary_form=True) or b""


def reason(error: Exception) -> str:
    """In few words."""
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    return str(error) or type(error).__name__


def connects(port: int, timeout: float, host: str = "127.0.0.1") -> Answer:
    """Whether a TCP connection opens, as an Answer with status 200 or 0."""
    try:
        with socket.create_connection((host, port), timeout=timeout):
            return Answer(200)
    except OSError as error:
        return Answer(0, error=reason(error))
