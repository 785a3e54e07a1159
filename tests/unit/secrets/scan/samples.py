"""Keys that look real, put together here so that no file of this repository holds one."""

import random
import string


def drawn(seed, length=32, alphabet=string.ascii_letters + string.digits):
    """The same for the same seed."""
    return "".join(random.Random(seed).choices(alphabet, k=length))


BECH32 = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"  # pragma: allowlist secret
HEX = "0123456789abcdef"
KEYS = {
    "GitHub Token": "ghp" + "_" + drawn("github", 36),
    "age Secret Key": "AGE-SECRET" + "-KEY-1" + drawn("age", 58, BECH32),
    "Vault Token": "hv" + "s." + drawn("vault", 24),
    "Google API Key": "AI" + "za" + drawn("google", 35),
    "AWS Access Key": "AKIA" + drawn("aws", 16, string.ascii_uppercase + string.digits),
    "Stripe Access Key": "sk" + "_live_" + drawn("stripe", 24),
    "Slack Token": "xox" + "b-" + drawn("slack", 12, string.digits) + "-" + drawn("slack2", 24),
    "SendGrid API Key": "SG" + "." + drawn("sg", 22) + "." + drawn("sg2", 43),
    "Basic Auth Credentials": "postgres://app:" + drawn("pg", 12) + "@db/shop",
    "Private Key": "-----BEGIN RSA PRIVATE" + " KEY-----\n" + drawn("rsa", 64) + "\n",
    "Base64 High Entropy String": 'x = "' + drawn("b64", 40) + '"',
    "Hex High Entropy String": 'x = "' + drawn("hex", 48, HEX) + '"',
    "Secret Keyword": 'db_pass' + 'word = "' + drawn("kw", 9) + '"',
}  # fmt: skip
