"""A bucket of any S3. What is written goes up in parts, so nothing is kept here meanwhile."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from fairlead.backups.destinations.base import Denied, Gone, Item, Unreachable, Write
from fairlead.errors import FairleadError
from fairlead.masking import Secret

if TYPE_CHECKING:
    from obstore.store import S3Store

PIECE = 1 << 20  #: bytes read at once
RETRIES = 4
SAID = re.compile(r"<Message>(.*?)</Message>", re.DOTALL)
HINT = "see `endpoint`, `access_key` and `secret_key` of the backup, and whether the bucket is there"


class S3:
    """Objects in `bucket`, below `prefix`."""

    again = 60.0

    def __init__(
        self, bucket: str, prefix: str, endpoint: str | None, region: str, access: Secret | None, secret: Secret | None,
        ca: str | None = None,
    ) -> None:  # fmt: skip
        self._bucket, self._prefix, self._endpoint, self._region = bucket, prefix, endpoint, region
        self._access, self._secret, self._ca = access, secret, ca
        self.shown = f"s3://{bucket}" + (f"/{prefix}" if prefix else "")

    @cached_property
    def _store(self) -> S3Store:
        try:
            from obstore.store import S3Store  # noqa: PLC0415 — an extra
        except ImportError:
            raise FairleadError("backups in S3 need obstore", "pip install 'fairlead[backup]'") from None
        keys = {"access_key_id": self._access.reveal()} if self._access else {}
        keys |= {"secret_access_key": self._secret.reveal()} if self._secret else {}
        keys |= {"endpoint": self._endpoint} if self._endpoint else {}
        return S3Store(
            self._bucket, prefix=self._prefix or None, region=self._region, **keys,  # type: ignore[arg-type]
            virtual_hosted_style_request=self._endpoint is None,
            client_options=self._client(),  # type: ignore[arg-type]
            retry_config={"max_retries": RETRIES},
        )  # fmt: skip

    def _client(self) -> dict[str, bool | bytes]:
        found: dict[str, bool | bytes] = {"allow_http": (self._endpoint or "").startswith("http://")}
        if self._ca:
            try:
                found["root_certificate"] = Path(self._ca).read_bytes()
            except OSError as error:
                raise Unreachable(f"{self._ca}: {error.strerror}", "see `ca` of the backup") from error
        return found

    @contextlib.contextmanager
    def writing(self, name: str) -> Iterator[Write]:
        """It becomes an object when it is closed; one that is not closed never does."""
        import obstore  # noqa: PLC0415 — an extra

        with self._spoken("written to"):
            writer = obstore.open_writer(self._store, name)
            yield writer.write  # type: ignore[misc]
            writer.close()

    @contextlib.contextmanager
    def reading(self, name: str) -> Iterator[Iterator[bytes]]:
        """As it comes."""
        import obstore  # noqa: PLC0415

        with self._spoken("read"):
            try:
                found = obstore.get(self._store, name)
            except FileNotFoundError:
                raise Gone(f"{self.shown} has no {name}", "see what there is: fairlead backup list") from None
            yield (bytes(piece) for piece in found.stream(min_chunk_size=PIECE))

    def items(self, prefix: str) -> tuple[Item, ...]:
        """Page by page."""
        import obstore  # noqa: PLC0415

        with self._spoken("read"):
            found = [one for page in obstore.list(self._store, prefix) for one in page]
        return tuple(sorted((Item(one["path"], one["size"]) for one in found), key=lambda one: one.name))

    def delete(self, name: str) -> None:
        """S3 says nothing of one that is not there."""
        import obstore  # noqa: PLC0415

        with self._spoken("written to"), contextlib.suppress(FileNotFoundError):
            obstore.delete(self._store, name)

    @contextlib.contextmanager
    def _spoken(self, done: str) -> Iterator[None]:
        """What the client says has whole requests in it; of that only the reason is shown."""
        from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError  # noqa: PLC0415

        try:
            yield
        except (BaseError, OSError) as error:
            text = str(error)
            said = SAID.search(text)
            why = said[1] if said else text.split("\n", 1)[0].rpartition(" - ")[2][:200]
            kind = Denied if isinstance(error, PermissionDeniedError | UnauthenticatedError) else Unreachable
            raise kind(f"{self.shown} cannot be {done}: {why}", HINT) from error
