"""The whole file as a model: its sections as every environment has them, and the environments."""

from __future__ import annotations

from pydantic import Field

from fairlead.project.deploying import Deploy
from fairlead.project.edge import Edge
from fairlead.project.environments import Environment
from fairlead.project.jobs import Job
from fairlead.project.notify import Notify
from fairlead.project.registry import Registry
from fairlead.project.rollout import Rollout
from fairlead.project.secrets import Secret, SecretBackend
from fairlead.project.sections import Anything, CommandLine, Line, Name, Section, VariableName
from fairlead.project.services import Service
from fairlead.project.smoke import Smoke
from fairlead.project.stores import Store
from fairlead.project.templates import Template
from fairlead.project.variables import Variable
from fairlead.project.volumes import Volume


class Sections(Section):
    """What an environment is resolved from: the base with that environment's overlay merged in."""

    name: Name
    variables: dict[VariableName, Variable] = Field(default_factory=dict)
    secrets: dict[VariableName, Secret] = Field(default_factory=dict)
    secret_backend: SecretBackend = Field(default_factory=SecretBackend)
    services: dict[Name, Service] = Field(min_length=1)
    jobs: dict[Name, Job] = Field(default_factory=dict)
    tests: tuple[CommandLine, ...] = ()
    edge: Edge = Field(default_factory=Edge)
    stores: dict[Name, Store] = Field(default_factory=dict)
    volumes: dict[Name, Volume] = Field(default_factory=dict)
    templates: tuple[Template, ...] = ()
    smoke: tuple[Smoke, ...] = ()
    rollout: Rollout = Field(default_factory=Rollout)
    deploy: Deploy = Field(default_factory=Deploy)
    notify: tuple[Notify, ...] = ()
    registry: Registry | None = None
    compose: dict[Line, Anything] = Field(default_factory=dict)


class ProjectFile(Sections):
    """fairlead.yaml."""

    may_differ: tuple[Line, ...] = ()
    environments: dict[Name, Environment] = Field(min_length=1, max_length=50)
