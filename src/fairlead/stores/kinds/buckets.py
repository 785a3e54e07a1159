"""One request of S3: have a bucket. Signed as AWS says (Signature Version 4), so that no client library is needed."""

from __future__ import annotations

import hashlib
import hmac
import http.client
from datetime import UTC, datetime

from fairlead.errors import FairleadError
from fairlead.masking import Secret
from fairlead.stores.base import Address
from fairlead.system.http import Tls, secured

REGION = "us-east-1"  #: what servers of one place call theirs
WAIT = 10.0  #: seconds for an answer
THERE = (200, 204, 409)  #: 409: it was made before
EMPTY = hashlib.sha256(b"").hexdigest()


def have_bucket(where: Address, bucket: str, user: str, secret: Secret, tls: Tls | None = None) -> None:
    """Make it; one that is there stays as it is. FairleadError with what the server says."""
    connection = secured(where.host, where.port, WAIT, tls)
    try:
        headers = signed("PUT", f"{where.host}:{where.port}", f"/{bucket}", user, secret, datetime.now(UTC))
        connection.request("PUT", f"/{bucket}", headers=headers)
        answer = connection.getresponse()
        text = answer.read(500).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        raise FairleadError(f"bucket {bucket}: {error}", "see whether the store runs: fairlead status") from error
    finally:
        connection.close()
    if answer.status not in THERE:
        raise FairleadError(f"bucket {bucket}: the store answers {answer.status}: {text}", "see its log")


def signed(method: str, host: str, path: str, user: str, secret: Secret, now: datetime) -> dict[str, str]:
    """The headers of a request without a body."""
    moment, day = f"{now:%Y%m%dT%H%M%SZ}", f"{now:%Y%m%d}"
    headers = {"host": host, "x-amz-content-sha256": EMPTY, "x-amz-date": moment}
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    request = f"{method}\n{path}\n\n{lines}\n{names}\n{EMPTY}"
    scope = f"{day}/{REGION}/s3/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"AWS4{secret.reveal()}".encode()
    for part in (day, REGION, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    given = f"Credential={user}/{scope}, SignedHeaders={names}, Signature={signature}"
    return headers | {"Authorization": f"AWS4-HMAC-SHA256 {given}"}
