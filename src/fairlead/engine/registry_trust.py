"""How a registry is reached as the engine reaches it: whom it is trusted by, who we are to its TLS, and which way.

`/etc/docker/certs.d/HOST[:PORT]/` has authorities (`*.crt`), beside those that everybody trusts, and who we are
(`NAME.cert` with `NAME.key`). The way is that of this environment (HTTPS_PROXY, NO_PROXY …); where it names no proxy,
that of the engine.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fairlead.errors import FairleadError

CERTIFICATES = Path("/etc/docker/certs.d")
_NAMED = ("http_proxy", "https_proxy", "all_proxy")


def session(domain: str, url: str, known: Mapping[str, Any]) -> Any:
    """A session of requests for one question to `url`, of the registry `domain`. `known`: what the engine says of
    itself. FairleadError for a certificate that cannot be read."""
    import requests  # noqa: PLC0415 — only where there is an engine

    made = requests.Session()
    made.auth = lambda request: request  # else a file of the user's, .netrc, would say who we are
    made.cert = client_pair(domain)
    if authorities := sorted((CERTIFICATES / domain).glob("*.crt")):
        made.mount("https://", _adapter(authorities))
    made.proxies.update(proxies(url, known, os.environ))
    return made


def client_pair(domain: str) -> tuple[str, str] | None:
    """Who we are to a registry's TLS: files of a certificate and its key; None where nobody says. FairleadError."""
    for cert in sorted((CERTIFICATES / domain).glob("*.cert")):
        key = cert.with_suffix(".key")
        if not key.is_file():
            raise FairleadError(f"{cert} has no key: there is no {key.name} beside it", "put it there, or remove both")
        return str(cert), str(key)
    return None


def proxies(url: str, known: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, str]:
    """The engine's, where the environment names none; none for whom the engine asks without. Pure."""
    from requests.utils import should_bypass_proxies  # noqa: PLC0415 — only where there is an engine

    if any(environment.get(name) or environment.get(name.upper()) for name in _NAMED):
        return {}  # requests takes those by itself
    if should_bypass_proxies(url, no_proxy=known.get("NoProxy") or "localhost,127.0.0.1"):
        return {}
    found = {"http": known.get("HttpProxy"), "https": known.get("HttpsProxy")}
    return {scheme: str(address) for scheme, address in found.items() if address}


def _adapter(authorities: list[Path]) -> Any:
    """Trusting these too."""
    from requests.adapters import HTTPAdapter  # noqa: PLC0415 — only where there is an engine

    class _Trusting(HTTPAdapter):
        """With their certificates, to a registry and through a proxy."""

        def init_poolmanager(self, *args: Any, **more: Any) -> None:
            super().init_poolmanager(*args, **more, ssl_context=_context(authorities))

        def proxy_manager_for(self, proxy: Any, **more: Any) -> Any:
            return super().proxy_manager_for(proxy, **more, ssl_context=_context(authorities))

    return _Trusting()


def _context(authorities: list[Path]) -> ssl.SSLContext:
    context = ssl.create_default_context()
    for one in authorities:
        try:
            context.load_verify_locations(one)
        except (OSError, ssl.SSLError) as error:
            raise FairleadError(
                f"{one} is no certificate that can be read: {error}", "mend it, or remove it"
            ) from error
    return context
