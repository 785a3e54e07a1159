"""What is looked at before a rotation touches anything."""

from __future__ import annotations

from fairlead.errors import Refused, UsageError
from fairlead.ledger import Ledger
from fairlead.masking import Secret
from fairlead.operations.environment import Environment
from fairlead.operations.rotation.servers import server_of
from fairlead.operations.secrets.supply import Supply, content_of, document_text
from fairlead.project.access import directly, login_names, login_of, managed, role_secrets, runs, store_secrets
from fairlead.project.documents import document_of
from fairlead.project.stack import SecretSpec
from fairlead.secrets.consumers import consumers_of
from fairlead.secrets.delivery import folder_of
from fairlead.secrets.fingerprint import fingerprint, key_of
from fairlead.secrets.rotation.journal import Moment, last_closed
from fairlead.secrets.rotation.kinds.base import RotationKind
from fairlead.secrets.rotation.slot import Slot, Version
from fairlead.stores.handover import filled, url_secrets


def require_apart(ledger: Ledger, spec: SecretSpec, kind: RotationKind) -> None:
    """Refused when the last rotation is so recent that its old value may still be in use somewhere."""
    closed = last_closed(ledger, spec.name)
    if closed is None:
        return
    left = kind.longest(spec.rotate) - Moment.of(closed.data["at"]).passed()
    if left > 0:
        what = f"{spec.name} was rotated so lately that the value before may still be in use for {left:.0f} s"
        raise Refused(what, "wait for it; --emergency does not, and says what that breaks")


def examine(supply: Supply, environment: Environment, spec: SecretSpec, kind: RotationKind, new: Secret) -> Slot:
    """The two values, once everything that can be tried without harm has been tried.

    Refused, UsageError, or what the back end or the server says.
    """
    _require_no_store(supply, spec)
    old = _old(supply, spec)
    new = kind.shape(old, new)
    _require_fit(supply, spec, kind, old, new)
    _require_deployed(environment, spec, old)
    slot = _slot(supply, environment, spec, old, new)
    supply.backend.set({spec.name: old})  # what it cannot take now it could not take later either
    server = server_of(supply.stack, supply.place, kind, spec, slot, environment.state.live)
    if server is not None:
        server.check(old)
    return slot


def _require_no_store(supply: Supply, spec: SecretSpec) -> None:
    """Refused for what a store of Fairlead's itself accepts: both values would have to be good for a while."""
    for store in supply.stack.stores:
        if spec.name in {*store_secrets(store), *role_secrets(store)} - {*login_names(store)} and managed(store):
            what = f"{spec.name} is that of store {store.name}, and this version does not rotate those"
            hint = "set another value and deploy: services that run may be refused until the new ones are live"
            raise Refused(what, hint)


def _old(supply: Supply, spec: SecretSpec) -> Secret:
    found = supply.backend.get([spec.name]).get(spec.name)
    if not found:
        what = f"{spec.name} has no value in {supply.backend.where}, so there is nothing to rotate"
        raise Refused(what, supply.hint([spec.name]))
    return found


def _require_fit(supply: Supply, spec: SecretSpec, kind: RotationKind, old: Secret, new: Secret) -> None:
    made = spec.generate.kind if spec.generate else "nothing that says how it is made"
    if kind.generates and made not in kind.generates:
        what = f"a rotation of kind {spec.rotate.kind} needs a key, and {spec.name} has {made}"
        raise Refused(what, f"set `generate` to {' or '.join(kind.generates)}")
    if not new or new == old:
        what = "the new value is empty" if not new else "the new value is the old one"
        raise UsageError(f"{spec.name}: {what}", "give another one")
    if document := document_of(supply.stack, spec.name):
        document_text(document, spec.name, (new, old))


def _require_deployed(environment: Environment, spec: SecretSpec, old: Secret) -> None:
    """What services have is what the back end has; else nobody knows which value is the old one."""
    live = environment.state.live
    if live is None:
        place = environment.place.environment
        raise Refused("nothing is live, so nothing is in use", f"fairlead secrets set {place} {spec.name}")
    release = environment.world.releases.load(live)
    for item in consumers_of(release.stack, spec.name):
        handed = folder_of(environment.place.secrets, live, item.name, release.stack)
        if handed.files().get(spec.name) != content_of(old):
            what = f"{item.name} has another {spec.name} than the back end"
            raise Refused(what, f"deploy first: fairlead deploy {environment.place.environment}")


def _slot(supply: Supply, environment: Environment, spec: SecretSpec, old: Secret, new: Secret) -> Slot:
    key = key_of(environment.place.root.parent)
    first = Version(fingerprint(key, spec.name, content_of(old)), "live", old)
    second = Version(fingerprint(key, spec.name, content_of(new)), "prepared", new)
    return Slot(spec.name, first, second, _admin(supply, spec))


def _admin(supply: Supply, spec: SecretSpec) -> Secret | None:
    login = login_of(supply.stack, spec.name)
    if login is not None and not runs(login.store):
        url = filled(supply.stack, directly(login.store), supply.backend.get(url_secrets(supply.stack)))
        if url is None:
            raise Refused(f"the url of {login.store.name} has no value", supply.hint([login.store.name]))
        return url
    name = spec.rotate.admin
    if name is None:
        return None
    found = supply.backend.get([name]).get(name)
    if not found:
        raise Refused(f"{name}, with which {spec.name} is changed, has no value", supply.hint([name]))
    return found
