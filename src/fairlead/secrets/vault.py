"""The back end `vault`: one secret of the KV version 2 engine of HashiCorp Vault or OpenBao, a key for each name.

Every write is checked against the version that was read (`cas`), so that two writers never lose each other's values.
Who we are comes from the environment: a token (`VAULT_TOKEN`, `BAO_TOKEN` or ~/.vault-token) or an AppRole
(`VAULT_ROLE_ID` with `VAULT_SECRET_ID`, each also as `…_FILE`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairlead.errors import UsageError
from fairlead.secrets.base import ReadOnly, Unavailable
from fairlead.secrets.one_object import OneObject, Values

if TYPE_CHECKING:
    import hvac

TRIES = 5  #: of a write while others write too
PATIENCE = 10.0  #: seconds for one request


class VaultBackend(OneObject):
    """The secret at `path` of the engine at `mount`."""

    def __init__(
        self,
        url: str,
        path: str,
        mount: str = "secret",
        namespace: str | None = None,
        auth: str = "token",
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._url, self._path, self._mount = url.rstrip("/"), path.strip("/"), mount.strip("/")
        self._environ = os.environ if environ is None else environ
        self._auth = auth
        self._namespace = namespace or self._environ.get("VAULT_NAMESPACE") or self._environ.get("BAO_NAMESPACE")
        self._client: hvac.Client | None = None

    @property
    def where(self) -> str:
        """Server, engine and path."""
        return f"{self._url} ({self._mount}/{self._path})"

    def values(self) -> Values:
        """The secret's keys."""
        return self._read()[0]

    def change(self, edit: Callable[[Values], Values]) -> None:
        """In one new version, made from the newest one (`cas`). Older ones stay until Vault forgets them."""
        from hvac.exceptions import InvalidRequest  # noqa: PLC0415 — only where it is used

        for _ in range(TRIES):
            old, version = self._read()
            new = edit(old)
            if new == old:
                return
            try:
                with self._explained(writing=True):
                    self._kv().create_or_update_secret(self._path, new, cas=version, mount_point=self._mount)
                return
            except InvalidRequest as error:
                if "check-and-set" not in str(error):
                    raise Unavailable(f"{self.where} refused the values: {_reason(error)}", self._look()) from None
        what = f"{self.where} is being changed by somebody else all the time; nothing was written"
        raise Unavailable(what, "run this again in a moment")

    def _read(self) -> tuple[Values, int]:
        """The keys with their values, and the version; 0 when there is none yet."""
        from hvac.exceptions import InvalidPath  # noqa: PLC0415

        try:
            with self._explained():
                found = self._kv().read_secret_version(
                    self._path, mount_point=self._mount, raise_on_deleted_version=False
                )["data"]
        except InvalidPath as error:
            about = ((error.json or {}).get("data") or {}).get("metadata")
            if about:  # hvac takes a version for deleted only when it has the time of it
                raise self._gone(about) from None
            if error.errors:  # an empty list means: nothing at this path; words mean that the engine is not there
                what = f"there is no KV engine of version 2 at {self._mount} of {self._url}"
                raise Unavailable(what, "see `vault secrets list`, and name it under secret_backend.mount") from None
            return {}, 0
        if found["data"] is None:
            raise self._gone(found["metadata"])
        return found["data"], int(found["metadata"]["version"])

    def _gone(self, about: Mapping[str, Any]) -> Unavailable:
        """A version that was deleted or destroyed is not the same as one that never was."""
        number = about["version"]
        if about.get("destroyed"):
            hint = f"write an older one again: vault kv rollback -mount={self._mount} -version=N {self._path}"
            return Unavailable(f"{self.where}: version {number} was destroyed", hint)
        undo = f"vault kv undelete -mount={self._mount} -versions={number} {self._path}"
        return Unavailable(
            f"{self.where}: version {number} was deleted at {about['deletion_time']}", f"bring it back: {undo}"
        )

    def _kv(self) -> Any:
        if self._client is None:
            self._client = self._connected()
        return self._client.secrets.kv.v2

    def _connected(self) -> hvac.Client:
        import hvac  # noqa: PLC0415

        token = "" if self._auth == "approle" else self._token()
        client = hvac.Client(self._url, token=token, namespace=self._namespace, timeout=PATIENCE)
        if self._auth == "approle":
            client.auth.approle.login(self._given("VAULT_ROLE_ID"), self._given("VAULT_SECRET_ID"))
        return client

    def _token(self) -> str:
        for name in ("VAULT_TOKEN", "BAO_TOKEN"):
            if self._environ.get(name):
                return self._environ[name]
        path = Path(self._environ.get("HOME") or Path.home()) / ".vault-token"
        if path.is_file():
            return path.read_text().strip()
        hint = "log in with `vault login` or `bao login`, or set VAULT_TOKEN"
        raise Unavailable(f"there is no token for {self._url}", hint)

    def _given(self, name: str) -> str:
        if self._environ.get(name):
            return self._environ[name]
        path = self._environ.get(f"{name}_FILE")
        if path is None:
            raise Unavailable(f"{name} is not set; {self._url} is used by AppRole", f"set {name} or {name}_FILE")
        try:
            return Path(path).read_text().strip()
        except (OSError, UnicodeDecodeError):
            raise Unavailable(f"{path}, which {name}_FILE names, cannot be read", "mend the variable") from None

    @contextmanager
    def _explained(self, writing: bool = False) -> Iterator[None]:
        import requests  # noqa: PLC0415
        from hvac import exceptions  # noqa: PLC0415

        try:
            yield
        except exceptions.Forbidden:
            self._client = None  # the token may have run out; the next call logs in again
            kind, verb = (ReadOnly, "write") if writing else (Unavailable, "read")
            what = f"{self._url} does not let this user {verb} {self._mount}/{self._path} (403)"
            raise kind(what, f"give the token a policy that may {verb} {self._mount}/data/{self._path}") from None
        except exceptions.VaultDown:
            raise Unavailable(
                f"{self._url} is sealed or not ready (503)", "unseal it: `vault operator unseal`"
            ) from None
        except (exceptions.InvalidPath, exceptions.InvalidRequest) as error:
            if "/auth/" in str(error.url):
                what = f"{self._url} does not know this AppRole: {_reason(error)}"
                raise Unavailable(what, "make a new secret id, and set VAULT_SECRET_ID") from None
            raise
        except exceptions.VaultError as error:
            raise Unavailable(f"{self._url} answers: {_reason(error)}", self._look()) from None
        except (requests.exceptions.RequestException, UnicodeError, ValueError) as error:
            why = type(error).__name__.removesuffix("Error").lower() or "no answer"
            raise Unavailable(f"{self._url} cannot be reached ({why})", self._look()) from None

    def _look(self) -> str:
        return f"look at the server: `VAULT_ADDR={self._url} vault status`"


def url_of(given: str | None, environ: Mapping[str, str] | None = None) -> str:
    """The address: the one in the project file, else `VAULT_ADDR` or `BAO_ADDR`. UsageError when nobody says it."""
    environ = os.environ if environ is None else environ
    found = given or environ.get("VAULT_ADDR") or environ.get("BAO_ADDR")
    if not found:
        raise UsageError("secret_backend has no url, and VAULT_ADDR is not set", "name the server under its `url`")
    return found


def _reason(error: Exception) -> str:
    errors = getattr(error, "errors", None)
    return "; ".join(str(one) for one in errors)[:200] if isinstance(errors, list) and errors else type(error).__name__
