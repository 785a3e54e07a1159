"""Who gets which secret of a stack, and under which name. Pure."""

from __future__ import annotations

from fairlead.project.access import derived_names, role_secrets, store_secrets
from fairlead.project.documents import document_of, documents_of, templates_for
from fairlead.project.stack import Job, Service, ServiceSecret, Stack


def consumers(stack: Stack) -> tuple[Service | Job, ...]:
    """Everything that gets a secret, or a file that is made with one."""
    items: tuple[Service | Job, ...] = (*stack.services, *stack.jobs)
    return tuple(item for item in items if handed(item) or templates_for(item, stack))


def handed(item: Service | Job) -> tuple[ServiceSecret, ...]:
    """All that it gets: its secrets, and how it reaches the stores that it uses."""
    return (*item.secrets, *item.access)


def consumers_of(stack: Stack, name: str) -> tuple[Service | Job, ...]:
    """Everything that gets this one."""
    return tuple(item for item in consumers(stack) if any(one.name == name for one in handed(item)))


def secret_names(stack: Stack) -> tuple[str, ...]:
    """Every secret of the back end that a service, a job or a store gets, sorted."""
    services = {one.name for item in consumers(stack) for one in handed(item)} - derived_names(stack)
    own = ((*store_secrets(one), *role_secrets(one)) for one in stack.stores)
    return tuple(sorted(services.union(*own)))


def file_names(item: Service | Job, stack: Stack) -> tuple[str, ...]:
    """The files that lie in the folder of a service or job: its secrets, the documents beside them, its templates."""
    documents = (document_of(stack, one.name) for one in handed(item))
    names = (*(one.name for one in handed(item)), *(name for name in documents if name))
    return (*names, *templates_for(item, stack))


def path_variables(item: Service | Job, stack: Stack) -> dict[str, str]:
    """The variables that name a file, and the name of each in the item's folder."""
    found = {one.variable: one.name for one in handed(item) if one.delivery == "file"}
    return found | documents_of(stack, handed(item))


def value_variables(item: Service | Job) -> dict[str, str]:
    """The variables that hold a value itself, and the name of each in the item's folder."""
    return {one.variable: one.name for one in handed(item) if one.delivery == "env"}
