"""Certificates of an environment's edge: those that were given are read and handed over; all can be looked at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from fairlead.edges.base import Edge
from fairlead.errors import FairleadError, Refused
from fairlead.masking import Secret
from fairlead.operations.environment import existing
from fairlead.operations.secrets.supply import Supply
from fairlead.project.project import Project
from fairlead.project.stack import Stack
from fairlead.project.stack_edge import GivenCertificate
from fairlead.system.home import Place

if TYPE_CHECKING:
    from fairlead.certificates import Certificate


def given(supply: Supply) -> tuple[Certificate, ...]:
    """The certificates that the project file names, read and checked; none where it names none.

    FairleadError when a file is missing, a certificate cannot be used now, or a key is another one's.
    """
    return tuple(_read(supply, one) for one in supply.stack.edge.certificates)


def _read(supply: Supply, one: GivenCertificate) -> Certificate:
    from fairlead.certificates import read_certificate  # noqa: PLC0415 — heavy

    cert = _text(supply.root / one.cert)
    key = Secret(_text(supply.root / one.key)) if one.key else _secret(supply, str(one.secret))
    return read_certificate(cert, key, one.cert)


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise FairleadError(f"{path}: cannot be read: {why}", "edge.certificates names it; give PEM files") from None


def _secret(supply: Supply, name: str) -> Secret:
    found = supply.backend.get((name,)).get(name)
    if not found:
        raise Refused(f"no value for {name} in {supply.backend.where}", supply.hint([name]))
    return found


def certify(edge: Edge, supply: Supply) -> None:
    """Hand those that the project file names to the edge; nothing where there is no https."""
    if supply.stack.edge.https:
        edge.renew(given(supply))


def uncovered(found: tuple[Certificate, ...], stack: Stack) -> tuple[str, ...]:
    """The hosts of routes that none of the certificates is for; none where none was given."""
    hosts = dict.fromkeys(route.host for service in stack.services for route in service.routes if route.host)
    return tuple(host for host in hosts if found and not any(one.covers(host) for one in found))


def root(place: Place) -> str:
    """The root certificate of the project's own authority, PEM; it is made where there is none yet."""
    from fairlead.certificates import InternalCa  # noqa: PLC0415 — heavy

    return InternalCa.of(place).root_pem


@dataclass(frozen=True, slots=True)
class InForce:
    """A certificate that the edge serves with."""

    names: tuple[str, ...]
    until: datetime
    own: bool  #: made by the project's own authority


def in_force(place: Place) -> tuple[InForce, ...]:
    """What the edge serves with, the default first; none without https."""
    from fairlead.edges.traefik.tls import EdgeCertificates  # noqa: PLC0415 — beside the edge that uses it

    kept = EdgeCertificates(place)
    state = kept.in_force()
    if state is None:
        return ()
    return tuple(InForce(names, datetime.fromtimestamp(until, UTC), not kept.given()) for names, until in state.ends)


def renew(project: Project, name: str) -> tuple[InForce, ...]:
    """Read those that were given again, or have the own authority make one that is due; without a restart.

    FairleadError, with the old ones in force, when one cannot be used.
    """
    stack, place = project.stack(name), Place.of(project.name, name)
    found = given(Supply(stack, project.root, place))
    if missing := uncovered(found, stack):
        raise FairleadError(f"no certificate is for {', '.join(missing)}", "give one that has these names")
    with existing(place) as environment, environment.held(f"fairlead certs renew {name}", 10):
        environment.world.edge.renew(found)
    return in_force(place)
