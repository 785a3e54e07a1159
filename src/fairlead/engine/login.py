"""Who we are to a registry: as the project says, else as `docker login` left it.

Docker's own file and its credential helpers are read by the SDK, as the docker command reads them. Values go to the
engine in a header of its API, never into an argument.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fairlead.errors import FairleadError
from fairlead.masking import Secret
from fairlead.project.image_name import HUB

HELPER_SECONDS = 30.0  #: how long a credential helper may take


@dataclass(frozen=True, slots=True)
class Login:
    """A user of a registry."""

    domain: str
    user: str
    password: Secret

    def config(self) -> dict[str, str]:
        """As the engine's API wants it."""
        return {"username": self.user, "password": self.password.reveal(), "serveraddress": auth_key(self.domain)}


def auth_key(domain: str) -> str:
    """What docker's own file calls a registry."""
    return "https://index.docker.io/v1/" if domain == HUB else domain


def auth_of(domain: str, logins: Mapping[str, Login]) -> dict[str, Any]:
    """What is sent along to `domain`; {} for nobody. FairleadError when a credential helper fails."""
    if domain in logins:
        return logins[domain].config()
    found: list[dict[str, Any] | Exception] = []
    asking = threading.Thread(target=lambda: found.append(_kept(domain)), daemon=True)
    asking.start()
    asking.join(HELPER_SECONDS)
    answer = found[0] if found else TimeoutError(f"no answer in {HELPER_SECONDS:g} s")
    if isinstance(answer, Exception):
        what = f"the login of {domain} could not be read: docker's credential helper says: {answer}"
        raise FairleadError(what, "see credsStore and credHelpers in ~/.docker/config.json, and that the helper works")
    return answer


def _kept(domain: str) -> dict[str, Any] | Exception:
    """From docker's own file, or the error."""
    from docker import auth  # noqa: PLC0415 — only where there is an engine
    from docker.errors import DockerException  # noqa: PLC0415

    try:
        found = auth.resolve_authconfig(auth.load_config(), "docker.io" if domain == HUB else domain) or {}
    except (DockerException, OSError, ValueError) as error:
        return error
    for key, value in found.items():
        if isinstance(value, str) and key.lower() in ("password", "identitytoken", "auth"):
            Secret(value)  # known from now on, so that it is masked wherever it is said
    return dict(found)
