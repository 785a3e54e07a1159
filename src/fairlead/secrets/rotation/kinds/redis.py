"""The password of a Redis user: an ACL user may have two, so none is ever refused while somebody uses it.

Facts it is built on (Redis 7, tried): passwords are added and removed by their SHA-256 (`#…`, `!…`), so no value
passes through a command, the slow log or MONITOR; a connection lives on when its password is removed; `ACL SAVE` needs
an `aclfile`, `CONFIG REWRITE` a configuration file, and with neither a restart forgets what was changed.

Who changes the user: the administrator whose password `admin` names, else the user itself, which then needs `+acl`.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fairlead.errors import FairleadError, Refused, Temporary
from fairlead.masking import Secret
from fairlead.project.stack import Rotate, SecretSpec
from fairlead.secrets.rotation.kinds.base import RotationKind, skew
from fairlead.secrets.rotation.slot import Slot
from fairlead.secrets.rotation.steps import Step, numbered

if TYPE_CHECKING:
    import redis

PATIENCE = 5.0  #: seconds for one answer of the server
ALLOW = "give it +acl|setuser, +acl|getuser and +client|list, or name the secret of an administrator under `admin`"


def plan(secret: str, rotate: Rotate) -> tuple[Step, ...]:
    """The server takes both from before the publication until nobody can hold the old one."""
    lag = skew(rotate.lag)
    return numbered(
        (
            Step("stage", secret),
            Step("accept", secret),
            Step("verify", secret),
            Step("publish", secret),
            Step("store", secret),
            Step("spread", secret),
            Step("wait", secret, lag, f"clients may keep the old password for {rotate.lag:g} s"),
            Step("drain", secret, lag),
            Step("refuse", secret),
            Step("retire", secret),
        )
    )


def digest(password: Secret) -> str:
    """As Redis keeps it."""
    return hashlib.sha256(password.reveal().encode(errors="surrogateescape")).hexdigest()


@dataclass(frozen=True)
class RedisUser:
    """One user of one server."""

    url: str
    user: str
    admin_user: str
    admin: Secret | None = field(default=None, repr=False)
    own: tuple[Secret, ...] = field(default=(), repr=False)  #: what the user itself may log in with

    def check(self, old: Secret) -> None:
        """The old one is accepted, and the user may be changed."""
        try:
            self.verify(old)
        except Temporary:
            raise
        except FairleadError as error:
            hint = "set the secret to what the server has, then rotate it"
            raise Refused(f"{error.message}: what is kept is not what the server takes", hint) from None
        with self._admin() as client:
            self._passwords(client)
            self._ask(client, "ACL", "SETUSER", self.user)  # changes nothing, and is refused to who may not
            self._ask(client, "CLIENT", "LIST", "TYPE", "NORMAL")

    def accept(self, new: Secret) -> Sequence[str]:
        """Beside those it has."""
        with self._admin() as client:
            if digest(new) not in self._passwords(client):
                self._ask(client, "ACL", "SETUSER", self.user, f"#{digest(new)}")
            if digest(new) not in self._passwords(client):
                raise FairleadError(f"{self.url} did not take the new password of {self.user}", "look at its log")
            return self._keep(client)

    def verify(self, new: Secret) -> None:
        """A connection of its own, as a service makes one."""
        with self._client(self.user, new) as client:
            self._ask(client, "ACL", "WHOAMI", tolerate=True)

    def holders(self, seconds: float) -> int:
        """Connections of the user that old, those of this rotation left out."""
        with self._admin() as client:
            return len(self._older(client, seconds))

    def expel(self, seconds: float) -> int:
        """Each client connects anew by itself."""
        with self._admin() as client:
            found = self._older(client, seconds)
            for id in found:
                self._ask(client, "CLIENT", "KILL", "ID", id, "SKIPME", "yes")
            return len(found)

    def refuse(self, old: Secret, new: Secret) -> Sequence[str]:
        """The new one is tried before the old one goes, and the old one after it."""
        self.verify(new)
        with self._admin() as client:
            if digest(old) in self._passwords(client):
                self._ask(client, "ACL", "SETUSER", self.user, f"!{digest(old)}")
            if digest(old) in self._passwords(client):
                raise FairleadError(f"{self.url} still takes the old password of {self.user}", "look at its log")
            told = self._keep(client)
        self.verify(new)
        return told

    def _older(self, client: redis.Redis, seconds: float) -> list[str]:
        lines = str(self._ask(client, "CLIENT", "LIST", "TYPE", "NORMAL")).splitlines()
        found = [dict(part.partition("=")[::2] for part in line.split()) for line in lines]
        return [one["id"] for one in found if one.get("user") == self.user and int(one["age"]) > seconds]

    def _passwords(self, client: redis.Redis) -> list[str]:
        answer = self._ask(client, "ACL", "GETUSER", self.user)
        if not answer:
            raise Refused(f"{self.url} has no user {self.user}", "make it, or correct `user` in the project file")
        facts = answer if isinstance(answer, dict) else dict(zip(answer[::2], answer[1::2], strict=False))
        return [str(one) for one in facts["passwords"]]

    def _keep(self, client: redis.Redis) -> Sequence[str]:
        """Beyond a restart of the server, where it can."""
        for command in (("ACL", "SAVE"), ("CONFIG", "REWRITE")):
            try:
                self._ask(client, *command)
            except Temporary:
                raise
            except FairleadError:
                continue
            return ()
        what = f"{self.url} has neither an aclfile nor a configuration file that may be rewritten"
        return (f"{what}: a restart of it would bring back the passwords of before; give it an aclfile",)

    @contextlib.contextmanager
    def _admin(self) -> Iterator[redis.Redis]:
        user, password = (self.admin_user, self.admin) if self.admin else (self.user, self._accepted())
        with self._client(user, password) as client:
            yield client

    def _accepted(self) -> Secret:
        """Of the user's own passwords one that the server takes now."""
        for password in self.own[:-1]:
            with contextlib.suppress(Refused):
                self.verify(password)
                return password
        return self.own[-1]

    @contextlib.contextmanager
    def _client(self, user: str, password: Secret) -> Iterator[redis.Redis]:
        import redis  # noqa: PLC0415 — only where one is rotated

        client = redis.Redis.from_url(
            self.url, username=user, password=password.reveal(), decode_responses=True, single_connection_client=False,
            socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE,
        )  # fmt: skip
        try:
            yield client
        finally:
            client.close()

    def _ask(self, client: redis.Redis, *command: str, tolerate: bool = False) -> Any:
        """One command. Its arguments stand in no message. `tolerate`: None when the user may not use it."""
        from redis import exceptions  # noqa: PLC0415

        name, who = " ".join(command[:2]), client.connection_pool.connection_kwargs["username"]
        try:
            return client.execute_command(*command)  # type: ignore[no-untyped-call]
        except exceptions.AuthenticationError:
            raise Refused(f"{self.url} does not take the password of {who}", "is it the one the server has?") from None
        except (exceptions.ConnectionError, exceptions.TimeoutError):
            raise Temporary(f"{self.url} does not answer", "is it running, and reachable from here?") from None
        except exceptions.NoPermissionError:
            if tolerate:
                return None
            raise Refused(f"{self.url}: {who} may not use {name}", ALLOW) from None
        except exceptions.RedisError as error:
            word = (str(error).split() or ["an error"])[0]
            raise FairleadError(f"{self.url}: {name} was answered with {word}", "look at the server's log") from None


def server(spec: SecretSpec, slot: Slot) -> RedisUser:
    """The user of a secret. FairleadError when the library is missing or the project file does not say enough."""
    from importlib.util import find_spec  # noqa: PLC0415

    if find_spec("redis") is None:
        raise FairleadError("the library for Redis is not installed", "pip install 'fairlead[redis]'")
    rotate = spec.rotate
    if not rotate.url or not rotate.user:
        raise FairleadError(f"the rotation of {spec.name} names no url or user", "set both under its `rotate`")
    own = (slot.live.value, slot.old.value, slot.new.value)
    return RedisUser(rotate.url, rotate.user, rotate.admin_user or "default", slot.admin, own)


REDIS = RotationKind(
    plan, longest=lambda rotate: 2 * skew(rotate.lag), server=server,
    cooling=lambda rotate: skew(rotate.lag) if rotate.reload == "read" else 0.0,
    breaks=lambda rotate: "clients that still have the old password are disconnected and refused at once",
)  # fmt: skip
