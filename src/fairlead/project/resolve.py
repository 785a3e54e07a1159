"""Models to a stack: `like` filled in, defaults filled in, nothing left to look up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from fairlead.project import stack, static
from fairlead.project.access import Wish, access, implied_secrets, login_names, login_spec, plain, trusted
from fairlead.project.resolve_backup import backup, drill, require, volume
from fairlead.project.resolve_container import container, log_bounds, pools, resources, security, shared
from fairlead.project.resolve_edge import edge, route
from fairlead.project.resolve_migrators import migrator_jobs
from fairlead.project.resolve_values import backend, migrations, registry, rights, secrets, templates, variables
from fairlead.project.stack import CanaryStep, Stack

if TYPE_CHECKING:
    from fairlead.project.environments import Environment
    from fairlead.project.file import Sections
    from fairlead.project.jobs import Job
    from fairlead.project.rollout import Judge, Rollout
    from fairlead.project.services import Health, Prepare, Service, ServiceSecret, Use
    from fairlead.project.smoke import Smoke
    from fairlead.project.stores import Store, StoreHealth

DEFAULT_STEPS = (CanaryStep(5, 120.0), CanaryStep(25, 300.0), CanaryStep(50, 300.0))
"""The steps of a canary that declares none."""

WATCH = 300.0
"""How long a release is watched after the switch when nothing is declared, seconds."""


def resolve(environment: str, sections: Sections, own: Environment, given: Mapping[str, str]) -> Stack:
    """The stack of one environment. Same input, same stack, in the order of the file.

    `given` are the values that `.env.ENVIRONMENT` has for variables.
    """
    services, values = sections.services, variables(sections.variables, given)
    stores = tuple(_store(name, one) for name, one in sections.stores.items())
    declared = tuple(_of_role(one, stores) for one in secrets(sections))
    made = tuple(_service(name, one, sections, values, stores, own.runtime) for name, one in services.items())
    jobs = tuple(_job(name, one, services.get(one.like or ""), stores) for name, one in sections.jobs.items())
    return Stack(
        project=sections.name,
        environment=environment,
        runtime=own.runtime,
        services=made,
        jobs=jobs + migrator_jobs(stores, made),
        tests=sections.tests,
        smoke=tuple(_smoke(one) for one in sections.smoke),
        rollout=_rollout(sections, own),
        require=require(sections.deploy),
        edge=edge(sections.edge),
        notify=tuple(stack.Notify(one.to, one.secret, one.on) for one in sections.notify),
        variables=values,
        secrets=declared + implied_secrets(stores, {one.name for one in declared}),
        secret_backend=backend(sections.secret_backend),
        stores=stores,
        volumes=tuple(volume(name, one) for name, one in sections.volumes.items()),
        templates=templates(sections.templates),
        registry=registry(sections.registry),
        compose=dict(sections.compose),
    )


def _service(
    name: str, one: Service, sections: Sections, values: dict[str, str], stores: tuple[stack.Store, ...], runtime: str
) -> stack.Service:
    stop, donor = one.stop, sections.services.get(one.like or "")
    return stack.Service(
        name=name,
        command=one.command or (static.command(one.static, runtime) if one.static else ""),
        source=_source(one, donor),
        prepare=static.prepare(one.static, _prepare(one, donor)) if one.static else _prepare(one, donor),
        port=one.port or (static.PORT if one.static else None),
        health=_health(one.health),
        routes=tuple(route(each, sections.edge.policies) for each in one.routes),
        replicas=one.replicas,
        env=_told(shared(one, donor, "uses"), stores) | _env(one, donor),
        stop=stack.Stop(stop.signal, stop.drain, stop.grace),
        handover=one.handover,
        needs=one.needs,
        like=one.like,
        secrets=_secrets(shared(one, donor, "secrets")),
        uses=tuple(use.store for use in shared(one, donor, "uses")),
        access=_access((name, one.like or ""), one, donor, shared(one, donor, "uses"), stores),
        pools=pools(one.pools, values),
        container=container(one, donor, runtime),
    )


def _health(one: Health) -> stack.Health:
    times = (one.timeout, one.interval, one.successes, one.deadline)
    return stack.Health(one.live, one.ready, *times, one.command, one.engine)


def _store_health(one: StoreHealth) -> stack.Health:
    return stack.Health(timeout=one.timeout, interval=one.interval, deadline=one.deadline, command=one.command)


def _access(
    services: tuple[str, ...],
    one: Service | Job,
    donor: Service | None,
    uses: tuple[Use, ...],
    stores: tuple[stack.Store, ...],
) -> tuple[stack.ServiceSecret, ...]:
    """Without the variables that the file itself fills."""
    taken = {*_env(one, donor), *(secret.variable for secret in _secrets(shared(one, donor, "secrets")))}
    return access(_wishes(uses), stores, taken, services)


def _of_role(spec: stack.SecretSpec, stores: tuple[stack.Store, ...]) -> stack.SecretSpec:
    """What the file says of a password of a role is how old it may get; how it is changed is known."""
    store = next((one for one in stores if spec.name in login_names(one)), None)
    if store is None:
        return spec
    own = login_spec(store, spec.name, spec.rotate.every)
    return replace(own, rotate=replace(own.rotate, reload=spec.rotate.reload, lag=spec.rotate.lag))


def _told(uses: tuple[Use, ...], stores: tuple[stack.Store, ...]) -> dict[str, str]:
    """What is no secret of what it uses."""
    return plain(_wishes(uses), stores) | trusted(_wishes(uses), stores)


def _wishes(uses: tuple[Use, ...]) -> list[Wish]:
    split = ((use, *use.store.partition(".")[::2]) for use in uses)
    return [Wish(store, database, use.delivery, use.key) for use, store, database in split]


def _secrets(some: tuple[ServiceSecret, ...]) -> tuple[stack.ServiceSecret, ...]:
    return tuple(stack.ServiceSecret(one.name, one.delivery, one.key) for one in some)


def _store(name: str, one: Store) -> stack.Store:
    return stack.Store(
        name=name,
        kind=one.kind,
        url=one.url,
        direct_url=one.direct_url,
        databases=tuple(one.databases),
        migrations=tuple(migrations(name, database) for name, database in one.databases.items()),
        rights=tuple(rights(name, database) for name, database in one.databases.items() if database.used_by),
        max_connections=one.max_connections,
        tune=one.tune,
        command=one.command,
        env=dict(one.env),
        secrets=_secrets(one.secrets),
        container=stack.Container(
            image=one.image,
            user=one.user,
            volumes=one.volumes,
            networks=one.networks,
            resources=resources(one.resources),
            security=security(one.security),
            logs=log_bounds(one.logs),
            compose=dict(one.compose),
        ),
        extensions={name: it.extensions for name, it in one.databases.items() if it.extensions},
        maxmemory=one.maxmemory,
        maxmemory_policy=one.maxmemory_policy,
        queue=one.queue,
        buckets=one.buckets,
        encrypted=one.encrypted,
        tls=one.tls,
        window=one.window,
        preset=one.preset,
        port=one.port,
        backup=backup(one.backup),
        drill=drill(one.drill),
        checks={name: it.checks for name, it in one.databases.items() if it.checks},
        health=_store_health(one.health) if one.health else None,
        managed=one.managed,
    )


def _job(name: str, one: Job, donor: Service | None, stores: tuple[stack.Store, ...]) -> stack.Job:
    return stack.Job(
        name=name,
        command=one.command,
        when=one.when,
        source=_source(one, donor),
        prepare=_prepare(one, donor),
        env=trusted(_wishes(donor.uses if donor else ()), stores) | _env(one, donor),
        timeout=one.timeout,
        needs=one.needs,
        like=one.like,
        secrets=_secrets(shared(one, donor, "secrets")),
        access=_access((one.like or "",), one, donor, donor.uses if donor else (), stores),
    )


def _source(one: Service | Job, donor: Service | None) -> str | None:
    return one.source or (donor.source if donor else None)


def _prepare(one: Service | Job, donor: Service | None) -> stack.Prepare | None:
    found: Prepare | None = one.prepare or (donor.prepare if donor else None)
    return stack.Prepare(found.run, found.inputs) if found else None


def _env(one: Service | Job, donor: Service | None) -> dict[str, str]:
    return {**(donor.env if donor else {}), **one.env}


def _smoke(one: Smoke) -> stack.Smoke:
    return stack.Smoke(one.path, one.host, one.status, one.contains, dict(one.header), one.timeout)


def _rollout(sections: Sections, own: Environment) -> stack.Rollout:
    one = sections.rollout
    steps = tuple(CanaryStep(step.weight, step.pause_for, step.pause == "approve") for step in one.steps)
    return stack.Rollout(
        strategy=one.strategy,
        keep=one.keep,
        rollback_window=one.rollback_window,
        steps=steps or (DEFAULT_STEPS if one.strategy == "canary" else ()),
        surge=one.surge,
        unavailable=one.unavailable,
        soak=one.soak,
        judge=_judge(one.judge),
        watch=_watch(one, any(service.routes for service in sections.services.values())),
        shadow=stack.Shadow(one.shadow.percent, one.shadow.duration) if one.shadow else None,
        sticky=one.sticky == "cookie",
        approve=one.approve if own.approve is None else own.approve,
    )


def _judge(one: Judge) -> stack.Judge:
    return stack.Judge(
        tolerate=one.errors.tolerate,
        over=one.latency.over,
        alpha=one.alpha,
        errors_below=one.promote.errors_below,
        confidence=one.promote.confidence,
        probe_rate=one.probes.rate,
        probes=tuple(_smoke(request) for request in one.probes.requests),
        insufficient=one.insufficient,
        hold_for=one.hold_for,
    )


def _watch(one: Rollout, routed: bool) -> stack.Watch | None:
    """As declared; else five minutes, or the whole window if it is shorter, where there are answers to judge."""
    seconds = one.watch.duration
    if seconds is None:
        longest = one.rollback_window if one.watch.rollback else WATCH
        seconds = min(WATCH, longest) if routed else 0.0
    return stack.Watch(seconds, one.watch.rollback) if seconds else None
