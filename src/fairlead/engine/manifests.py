"""One name for images of several platforms: a list of them, which a registry is given over its own API.

The engine pushes one image at a time and knows no lists; the docker command makes them in an experimental way. The
list has the digests that the registry gave each image. Who we are is what is said for pushes too. The API is the
Distribution project's, as OCI has specified it.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from fairlead.engine.failures import explained
from fairlead.engine.images import Images, Tell
from fairlead.engine.login import auth_of
from fairlead.engine.registry_failures import refused, stalled
from fairlead.engine.registry_trust import session
from fairlead.errors import FairleadError
from fairlead.project.image_name import HUB, ImageName

IMAGE = "application/vnd.docker.distribution.manifest.v2+json"
LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
OCI_IMAGE = "application/vnd.oci.image.manifest.v1+json"
OCI_LIST = "application/vnd.oci.image.index.v1+json"
_KINDS = ", ".join((IMAGE, LIST, OCI_IMAGE, OCI_LIST))
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a registry has under a digest."""

    kind: str
    digest: str
    body: bytes

    def entries(self, platform: str) -> Iterator[dict[str, Any]]:
        """As rows of a list: itself for that platform or, of one that is a list, what it has for it."""
        if self.kind not in (LIST, OCI_LIST):
            yield {
                "mediaType": self.kind, "size": len(self.body), "digest": self.digest, "platform": described(platform)
            }  # fmt: skip
            return
        for row in json.loads(self.body)["manifests"]:
            there = row.get("platform") or {}
            if all(there.get(key) == value for key, value in described(platform).items()):
                yield row


def described(platform: str) -> dict[str, str]:
    """`linux/arm/v7` as a list has it. Pure."""
    return dict(zip(("os", "architecture", "variant"), platform.split("/"), strict=False))


def list_of(images: Mapping[str, Manifest]) -> tuple[str, bytes]:
    """The list of these, by platform, and what it is called: Docker's where all are, else OCI's. Pure.

    FairleadError where one has nothing for its platform: nobody would be told until a machine of it asks for it.
    """
    found = {platform: tuple(one.entries(platform)) for platform, one in images.items()}
    if lacking := [platform for platform, rows in found.items() if not rows]:
        what = f"what was pushed for {', '.join(lacking)} has no image for that"
        raise FairleadError(what, "see the base images of the Dockerfile: docker buildx imagetools inspect IMAGE")
    rows = [row for some in found.values() for row in some]
    kind = LIST if all(row["mediaType"] == IMAGE for row in rows) else OCI_LIST
    body = {"schemaVersion": 2, "mediaType": kind, "manifests": rows}
    return kind, json.dumps(body, indent=2).encode()


def put_list(images: Images, name: ImageName, digests: Mapping[str, str], tell: Tell) -> str:
    """Have the registry know, under `name`, these images of the same repository by their platforms; the list's digest.

    RegistryError.
    """

    def act() -> str:
        api = _Api(images, name)
        kind, body = list_of({platform: api.manifest(digest) for platform, digest in digests.items()})
        return api.put(kind, body)

    return images.persistent("push", name, act, tell)


@dataclass
class _Api:
    """One repository of a registry, for a few questions."""

    images: Images
    name: ImageName
    _token: str = field(default="", repr=False)

    def manifest(self, digest: str) -> Manifest:
        answer = self._ask("GET", digest, {"Accept": _KINDS})
        return Manifest(answer.headers.get("Content-Type", IMAGE).partition(";")[0], digest, answer.content)

    def put(self, kind: str, body: bytes) -> str:
        answer = self._ask("PUT", self.name.tag or "latest", {"Content-Type": kind}, body)
        return str(answer.headers.get("Docker-Content-Digest") or f"sha256:{hashlib.sha256(body).hexdigest()}")

    def _ask(self, method: str, what: str, headers: Mapping[str, str], body: bytes = b"") -> Any:
        answer = self._send(method, what, headers, body)
        if answer.status_code == 401:
            self._token = self._introduced(answer.headers.get("WWW-Authenticate", ""))
            answer = self._send(method, what, headers, body)
        if answer.status_code >= 400:
            raise refused("push", _said(answer), self.name)
        return answer

    def _send(self, method: str, what: str, headers: Mapping[str, str], body: bytes) -> Any:
        """By https; where the engine takes that registry without, as it does."""
        told = dict(headers) | ({"Authorization": self._token} if self._token else {})
        path = f"{self._host}/v2/{self.name.path}/manifests/{what}"
        if self._safe:
            return self._request(method, f"https://{path}", told, body)
        found = self._tried(method, f"https://{path}", told, body)
        return found if found is not None else self._request(method, f"http://{path}", told, body)

    @property
    def _host(self) -> str:
        return "registry-1.docker.io" if self.name.domain == HUB else self.name.domain

    @cached_property
    def _known(self) -> dict[str, Any]:
        """What the engine says of itself."""
        with explained("ask the engine for its registries"):
            return dict(self.images.engine.api.info())

    @property
    def _safe(self) -> bool:
        return not _is_insecure(self._known.get("RegistryConfig") or {}, self.name.domain)

    def _tried(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Any:
        """None where nobody speaks https."""
        from requests.exceptions import ConnectionError as Broken  # noqa: PLC0415 — only where there is an engine

        try:
            return self._sent(method, url, headers, body)
        except Broken:
            return None

    def _request(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Any:
        from requests.exceptions import RequestException, Timeout  # noqa: PLC0415 — only where there is an engine

        try:
            return self._sent(method, url, headers, body)
        except Timeout as error:
            raise stalled("push", self.name, self.images.patience.stall) from error
        except RequestException as error:
            raise refused("push", str(error), self.name) from error

    def _sent(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Any:
        """Its server of tokens is trusted by whom it is trusted itself, as the engine has it."""
        with session(self._host, url, self._known) as asking:
            return asking.request(
                method, url, headers=headers, data=body or None, verify=None if self._safe else False,
                timeout=self.images.patience.stall,
            )  # fmt: skip

    def _introduced(self, challenge: str) -> str:
        """What is said of us from now on, as the registry wants it."""
        import requests.auth  # noqa: PLC0415 — only where there is an engine

        login = {key.lower(): value for key, value in auth_of(self.name.domain, self.images.logins).items()}
        pair = (login.get("username") or "", login.get("password") or "")
        scheme, _, rest = challenge.partition(" ")
        if scheme.lower() != "bearer":
            return str(requests.auth._basic_auth_str(*pair))
        given = dict(_CHALLENGE.findall(rest))
        asked = {"service": given.get("service", ""), "scope": f"repository:{self.name.path}:pull,push"}
        return f"Bearer {self._given(given.get('realm', ''), asked, pair, login.get('identitytoken') or '')}"

    def _given(self, realm: str, asked: dict[str, str], pair: tuple[str, str], identity: str) -> str:
        """The token that the registry's own server of them gives."""
        import requests.auth  # noqa: PLC0415 — only where there is an engine
        from requests.models import PreparedRequest  # noqa: PLC0415

        url = PreparedRequest()
        url.prepare_url(realm, {} if identity else asked)
        method, body, headers = "GET", b"", {"Authorization": requests.auth._basic_auth_str(*pair)} if pair[0] else {}
        if identity:
            form = asked | {"grant_type": "refresh_token", "client_id": "fairlead", "refresh_token": identity}
            url.prepare_body(form, None)
            method, body = "POST", str(url.body).encode()
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self._request(method, str(url.url), headers, body)
        if answer.status_code >= 400:
            raise refused("push", _said(answer), self.name)
        found = answer.json()
        return str(found.get("token") or found.get("access_token") or "")


def _said(answer: Any) -> str:
    """Status and the first of the errors, in the words of the registry."""
    try:
        first = (answer.json().get("errors") or [{}])[0]
        more = f"{first.get('code', '')} {first.get('message', '')}".strip()
    except (ValueError, AttributeError, TypeError, IndexError):
        more = ""
    return f"{answer.status_code} {answer.reason}" + (f": {more}" if more else "")


def _is_insecure(known: Mapping[str, Any], domain: str) -> bool:
    """Whether the engine takes that registry without a certificate: those of this machine, and those it was told."""
    if (one := (known.get("IndexConfigs") or {}).get(domain)) is not None:
        return not one.get("Secure", True)
    host = domain.rpartition(":")[0] or domain
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host.strip("[]"))
    except ValueError:
        return False
    ranges = known.get("InsecureRegistryCIDRs") or ()
    return any(address in ipaddress.ip_network(one, strict=False) for one in ranges)
