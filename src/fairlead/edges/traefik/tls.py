"""The certificates of one edge: those that were given, or one of the project's own authority.

certificates/given.json      what was given, each with its key (0600)
certificates/internal/       the one of the own authority
certificates/state.json      what is in force, without keys: when to look again, and what clients here may trust
certificates/placeholder.json   one that nobody is shown, where there is no https
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from fairlead.errors import FairleadError
from fairlead.project.stack import Edge as EdgeSettings
from fairlead.project.stack import from_data
from fairlead.system.files import read_json, write_json
from fairlead.system.home import Place
from fairlead.system.http import Tls, trusting

if TYPE_CHECKING:
    from fairlead.certificates import Certificate

LOOK = 12 * 3600.0  #: seconds between two looks whether one has to be renewed
HERE = ("localhost",)
LOOPBACKS = ("127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class InForce:
    """What clients on this machine have to know of the certificates."""

    trust: str  #: PEM; a certificate that is signed by one of these, or is one, is the edge's
    name: str  #: a name that the first one is for
    due: float  #: Unix time of the next look
    names: tuple[str, ...] = ()  #: of each of them, divided by spaces
    until: tuple[float, ...] = ()  #: when each of them ends, Unix time

    @property
    def ends(self) -> tuple[tuple[tuple[str, ...], float], ...]:
        """The names of each, and when it ends."""
        return tuple((tuple(names.split()), until) for names, until in zip(self.names, self.until, strict=True))


class EdgeCertificates:
    """The certificates of the edge of one place."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.folder = place.edge / "certificates"

    @property
    def _given(self) -> Path:
        return self.folder / "given.json"

    def given(self) -> bool:
        """Whether somebody gave them; else they are of the project's own authority."""
        return self._given.exists()

    def give(self, found: Sequence[Certificate]) -> None:
        """Serve with these from the next table on; with none, one of the own authority is made."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        if not found:
            self._given.unlink(missing_ok=True)
            return
        write_json(self._given, [{"cert": one.cert_pem, "key": one.key_pem.reveal()} for one in found], 0o600)

    def have(self, hosts: Iterable[str], listen: EdgeSettings) -> tuple[Certificate, ...]:
        """Those to serve with, the default first; one of the own authority is made or renewed where none was given."""
        from fairlead.certificates import InternalCa, KeptCertificate  # noqa: PLC0415 — heavy

        self.folder.mkdir(mode=0o700, exist_ok=True)
        if self._given.exists():
            return self._read_given()
        kept = KeptCertificate(self.folder / "internal")
        names = tuple(dict.fromkeys((*hosts, *HERE)))
        addresses = tuple(dict.fromkeys((*([listen.address] if _is_own(listen.address) else []), *LOOPBACKS)))
        if not names[: -len(HERE)]:  # who asks does not know them: as before
            names = tuple(dict.fromkeys((*self._served(), *names)))
        kept.renew(InternalCa.of(self.place), names, addresses)
        found = kept.read()
        if found is None:
            raise FairleadError(f"{kept.folder}: the certificate that was made cannot be read")
        return (found,)

    def placeholder(self) -> tuple[str, str] | None:
        """One that nobody is shown, made once; None where the library that makes it is not installed.

        A Traefik without a default certificate makes itself a key of RSA each time it reads its files, https or not,
        and the new table waits for that: 50 to 900 ms of a core instead of 10.
        """
        path = self.folder / "placeholder.json"
        found = _pair(path)
        if found is None and find_spec("cryptography") is not None:
            from fairlead.certificates.internal import placeholder  # noqa: PLC0415 — heavy

            found = placeholder()
            self.folder.mkdir(mode=0o700, exist_ok=True)
            write_json(path, found, 0o600)
        return found

    def _served(self) -> tuple[str, ...]:
        """The names that are served now, whether or not what they are served with has ended meanwhile."""
        from fairlead.certificates.certificate import is_address  # noqa: PLC0415 — heavy

        state = self.in_force()
        return tuple(name for names, _ in (state.ends if state else ()) for name in names if not is_address(name))

    def _read_given(self) -> tuple[Certificate, ...]:
        from fairlead.certificates.certificate import parsed  # noqa: PLC0415 — heavy
        from fairlead.masking import Secret  # noqa: PLC0415

        try:
            pairs = [(str(one["cert"]), Secret(one["key"])) for one in read_json(self._given)]
        except (TypeError, KeyError):
            raise FairleadError(f"{self._given} is damaged", "deploy again, with the certificates") from None
        # One that has ended meanwhile is served all the same: a client's warning is better than no answer.
        return tuple(parsed(cert, key, str(self._given)) for cert, key in pairs)

    def note(self, found: Sequence[Certificate]) -> None:
        """Write down what is in force."""
        first = next((name for name in found[0].names if not name.startswith("*.")), "")
        name = first or "www" + found[0].names[0].removeprefix("*")
        trust = "".join(one.cert_pem for one in found)
        names = tuple(" ".join(one.names) for one in found)
        until = tuple(one.not_after.timestamp() for one in found)
        state = InForce(trust, name, time.time() + LOOK, names, until)
        write_json(self.folder / "state.json", asdict(state), 0o600)

    def in_force(self) -> InForce | None:
        """What was noted; None before the first, or when that is damaged."""
        with contextlib.suppress(FairleadError, TypeError, KeyError, ValueError):
            found = read_json(self.folder / "state.json")
            return from_data(InForce, found) if found else None
        return None

    def due(self) -> bool:
        """Whether it is time to look whether one has to be renewed."""
        state = self.in_force()
        return state is None or time.time() >= state.due

    def tls(self, host: str | None) -> Tls:
        """How a client on this machine asks for a host. FairleadError before there is a certificate."""
        state = self.in_force()
        if state is None:
            raise FairleadError("the edge has no certificate yet", "deploy")
        return Tls(trusting(state.trust), host or state.name)


def _pair(path: Path) -> tuple[str, str] | None:
    """Certificate and key of a file; None when it is not there or damaged."""
    with contextlib.suppress(FairleadError, TypeError, ValueError):
        cert, key = read_json(path)
        return str(cert), str(key)
    return None


def _is_own(address: str) -> bool:
    return address not in ("", "0.0.0.0", "::", "localhost")  # noqa: S104 — compared, nobody listens
