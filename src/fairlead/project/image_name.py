"""Names of images: `[REGISTRY/]PATH[:TAG][@DIGEST]`, read as Docker reads them.

The grammar is that of the Distribution project (`reference/reference.go`). A first part with a dot, a port or the name
`localhost` is a registry; without one it is Docker Hub's, where a path of one part is in `library/`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

HUB = "docker.io"

_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])"
_DOMAIN = rf"{_HOST}(?::[0-9]{{1,5}})?"
TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
DIGEST = r"sha256:[0-9a-f]{64}"
_NAME = re.compile(
    rf"(?:(?P<domain>{_DOMAIN})/)?(?P<path>{_PART}(?:/{_PART})*)(?::(?P<tag>{TAG}))?(?:@(?P<digest>{DIGEST}))?"
)
_LONGEST = 255  #: characters of registry and path together


@dataclass(frozen=True, slots=True)
class ImageName:
    """A name, its registry and path whole."""

    domain: str
    path: str
    tag: str | None = None
    digest: str | None = None  #: `sha256:` and 64 hex digits

    @classmethod
    def parse(cls, text: str) -> ImageName:
        """ValueError, with a sentence, for what is no name of an image."""
        found = _NAME.fullmatch(_rooted(text))
        if found is None:
            raise ValueError(f"{text!r} is no name of an image; it looks like ghcr.io/acme/shop:1.2{_why_not(text)}")
        one = cls(found["domain"] or HUB, found["path"], found["tag"], found["digest"])
        if len(one.repository) > _LONGEST:
            raise ValueError(f"the name of an image has at most {_LONGEST} characters")
        if one.domain == HUB and "/" not in one.path:
            return cls(HUB, f"library/{one.path}", one.tag, one.digest)
        return one

    @property
    def repository(self) -> str:
        """Registry and path, whole."""
        return f"{self.domain}/{self.path}"

    @property
    def familiar(self) -> str:
        """Registry and path as Docker shows them: `debian`, `acme/shop`, `ghcr.io/acme/shop`."""
        return self.path.removeprefix("library/") if self.domain == HUB else self.repository

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.familiar}{tag}" + (f"@{self.digest}" if self.digest else "")

    def tagged(self, tag: str) -> str:
        """The same repository by a tag."""
        return f"{self.familiar}:{tag}"

    def at(self, digest: str) -> str:
        """The same repository by a digest: what names one content for ever."""
        return f"{self.familiar}@{digest}"

    def asked(self) -> str:
        """What is asked of a registry: the digest where there is one, else the tag, else `latest`."""
        return self.at(self.digest) if self.digest else self.tagged(self.tag or "latest")


def _rooted(text: str) -> str:
    """A first part that is no registry belongs to the path, so the registry is written out before it."""
    first, slash, _ = text.partition("/")
    is_domain = slash and (any(sign in first for sign in ".:[") or first == "localhost")
    if is_domain:
        host, rest = text.split("/", 1)
        return f"{HUB}/{rest}" if host == f"index.{HUB}" else text
    return f"{HUB}/{text}"


def _why_not(text: str) -> str:
    if "://" in text:
        return "; leave the scheme out"
    last = text.partition("@")[0].rpartition("/")[2].partition(":")[0]
    return "; only small letters" if last != last.lower() else ""
