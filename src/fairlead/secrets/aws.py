"""The back end `aws`: one secret of AWS Secrets Manager per environment, a JSON object with a key for each name.

Credentials and region come from where all of AWS's programs look for them. Secrets Manager has no check-and-set: what
another writer did in the same moment is found afterwards by its versions, and said.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from fairlead.secrets.base import ReadOnly, Unavailable
from fairlead.secrets.one_object import OneObject, Values

_DENIED = ("AccessDeniedException", "UnrecognizedClientException", "InvalidSignatureException", "ExpiredTokenException",
           "ExpiredToken", "InvalidClientTokenId")  # fmt: skip


class AwsBackend(OneObject):
    """The secret of that id."""

    def __init__(self, id: str, region: str | None, url: str | None) -> None:
        self._id, self._region, self._url = id, region, url
        self._made: Any = None

    @property
    def where(self) -> str:
        """The secret's id."""
        return f"AWS Secrets Manager ({self._id})"

    def values(self) -> Values:
        """The object."""
        return self._read()[0]

    def change(self, edit: Callable[[Values], Values]) -> None:
        """In one new version; AWS keeps the one before. Unavailable when somebody else wrote in the same moment."""
        old, version = self._read()
        new = edit(old)
        if new == old:
            return
        text = json.dumps(new, sort_keys=True)
        with self._explained(writing=True):
            if version is None:
                self._client().create_secret(Name=self._id, SecretString=text)
                return
            self._client().put_secret_value(SecretId=self._id, SecretString=text)
            stages = self._client().describe_secret(SecretId=self._id)["VersionIdsToStages"]
        before = next((id for id, names in stages.items() if "AWSPREVIOUS" in names), version)
        if before != version:
            what = f"{self.where} was changed by somebody else in the same moment; version {before} has what they wrote"
            raise Unavailable(what, "compare both versions, and set again what is missing")

    def _read(self) -> tuple[Values, str | None]:
        """The keys with their values, and the version; None when there is no such secret yet."""
        with self._explained():
            try:
                found = self._client().get_secret_value(SecretId=self._id)
            except self._client().exceptions.ResourceNotFoundException:
                return {}, None
        try:
            data = json.loads(found.get("SecretString") or "{}")
        except ValueError:
            data = None
        if not isinstance(data, dict):
            raise Unavailable(f"{self.where} holds no JSON object", "use another path, or make it one: {}")
        return data, found["VersionId"]

    def _client(self) -> Any:
        if self._made is None:
            from boto3.session import Session  # noqa: PLC0415 — only where it is used
            from botocore.config import Config  # noqa: PLC0415

            config = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 3})
            self._made = Session(region_name=self._region).client(
                "secretsmanager", endpoint_url=self._url, config=config
            )
        return self._made

    @contextmanager
    def _explained(self, writing: bool = False) -> Iterator[None]:
        from botocore import exceptions  # noqa: PLC0415

        try:
            yield
        except exceptions.ClientError as error:
            raise self._refusal(error.response.get("Error", {}), writing) from None
        except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError):
            hint = "log in with `aws sso login`, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            raise Unavailable("there are no credentials for AWS", hint) from None
        except exceptions.NoRegionError:
            raise Unavailable("no region of AWS is set", "name it under secret_backend.region") from None
        except (exceptions.BotoCoreError, exceptions.HTTPClientError) as error:
            what = f"{self.where} cannot be reached ({type(error).__name__})"
            raise Unavailable(what, "see whether this machine reaches it: `aws secretsmanager list-secrets`") from None

    def _refusal(self, error: Mapping[str, Any], writing: bool) -> Unavailable | ReadOnly:
        code = str(error.get("Code"))
        if code == "InvalidRequestException" and "delet" in str(error.get("Message")):
            hint = f"aws secretsmanager restore-secret --secret-id {self._id}"
            return Unavailable(f"{self.where} is about to be deleted", f"keep it: {hint}")
        if code in _DENIED:
            verb, kind = ("PutSecretValue", ReadOnly) if writing else ("GetSecretValue", Unavailable)
            return kind(f"AWS refuses this user: {code}", f"allow secretsmanager:{verb} on {self._id}")
        return Unavailable(f"{self.where}: {code}", "see the message of AWS: `aws secretsmanager describe-secret`")
