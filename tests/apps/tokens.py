"""An application that uses secrets, for `lean.py`: it signs and verifies tokens, logs in to Redis.

TOKEN_KEY_FILE, TOKEN_KEY_JWKS_FILE   the key that signs (Ed25519), and the keys that verify
REDIS_PASSWORD_FILE, REDIS_URL        a password of the user `app`
READ_ANEW=1                           files are read at each request, else once
"""

import base64
import json
import os
import time
from pathlib import Path
from urllib.parse import parse_qs

import redis
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

ANEW = os.environ.get("READ_ANEW") == "1"
once = {}


def content(variable):
    path = os.environ.get(variable)
    if path is None:
        return ""
    if ANEW or variable not in once:
        once[variable] = Path(path).read_text()
    return once[variable]


def text(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def raw(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def sign(query):
    key = load_pem_private_key(content("TOKEN_KEY_FILE").encode(), None)
    x = text(key.public_key().public_bytes_raw())
    kid = next(one["kid"] for one in keys() if one["x"] == x)
    head = text(json.dumps({"alg": "EdDSA", "kid": kid}).encode())
    body = text(json.dumps({"iat": time.time()}).encode())
    return 200, f"{head}.{body}.{text(key.sign(f'{head}.{body}'.encode()))}"


def keys():
    return json.loads(content("TOKEN_KEY_JWKS_FILE"))["keys"]


def verify(query):
    head, body, signature = query["token"][0].split(".")
    kid = json.loads(raw(head))["kid"]
    known = [one for one in keys() if one["kid"] == kid]
    if not known:
        return 401, f"no key {kid}"
    try:
        Ed25519PublicKey.from_public_bytes(raw(known[0]["x"])).verify(raw(signature), f"{head}.{body}".encode())
    except InvalidSignature:
        return 401, "bad signature"
    return 200, "good"


def login(query):
    """A connection of its own, so that each request is a login."""
    client = redis.Redis.from_url(os.environ["REDIS_URL"], username="app", password=content("REDIS_PASSWORD_FILE"))
    try:
        client.ping()
    except redis.RedisError as error:
        return 500, str(error)
    finally:
        client.close()
    return 200, "logged in"


def health(query):
    for variable in ("TOKEN_KEY_FILE", "TOKEN_KEY_JWKS_FILE", "REDIS_PASSWORD_FILE"):
        content(variable)
    return 200, os.environ.get("VERSION", "")


ROUTES = {
    "/sign": sign,
    "/verify": verify,
    "/login": login,
    "/jwks": lambda query: (200, content("TOKEN_KEY_JWKS_FILE")),
    "/health": health,
}


def answer(path, query):
    status, said = ROUTES[path](parse_qs(query))
    return status, said.encode()


health({})  # as they are at its start, unless they are read anew
