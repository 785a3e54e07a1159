"""`environments`: where a release runs, and what differs there from the base."""

from __future__ import annotations

from typing import Annotated, Literal

from fairlead.project.sections import Anything, OptionalFlag, Section, choice, text_like

_Runtime = Annotated[Literal["process", "docker", "kubernetes"], choice("process", "docker", "kubernetes")]
_Remote = Annotated[
    str | None,
    text_like(
        "an address such as ssh://deploy@shop.example.com:22, or a name of ~/.ssh/config",
        r"ssh://(?:[A-Za-z0-9_][A-Za-z0-9._-]*@)?(?:[A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?/?"
        r"|[A-Za-z0-9][A-Za-z0-9._-]*",
    ),
]


class Environment(Section):
    """One entry of `environments`. The overlays are validated when they have been merged over the base."""

    runtime: _Runtime = "process"
    host: _Remote = None
    approve: OptionalFlag = None
    variables: Anything = None
    secrets: Anything = None
    secret_backend: Anything = None
    services: Anything = None
    jobs: Anything = None
    tests: Anything = None
    edge: Anything = None
    stores: Anything = None
    volumes: Anything = None
    templates: Anything = None
    smoke: Anything = None
    rollout: Anything = None
    deploy: Anything = None
    notify: Anything = None
    registry: Anything = None
    compose: Anything = None
