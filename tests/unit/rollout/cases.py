"""The situations a plan is made for, by name: what is wanted and what was found."""

from __future__ import annotations

from dataclasses import replace

from fairlead.project.stack import CanaryStep, Job, Shadow, Stack
from fairlead.rollout.observed import Observed
from fairlead.rollout.steps import Step
from tests.crash.fake_worlds import service, stack, worker
from tests.unit.rollout.observations import instances, observed, steps

WEB = stack(service("web", "/", replicas=2))
SHOP = stack(
    service("api", "/api", replicas=2),
    service("web", "/", replicas=2, needs=("api",)),
    worker("clock"),
    worker("mailer", handover="overlap"),
    Job("seed", "run seed"),
    Job("late", "run late", when="after-traffic"),
)
NEEDY = stack(
    service("web", "/", needs=("api", "warmup")),
    service("api", needs=("migrate",)),
    Job("migrate", "run migrate"),
    Job("warmup", "run warmup", needs=("api",)),
)
OTHER = stack(service("site", "/", "/new"), worker("clock", handover="overlap"))
INNER = stack(service("api"), worker("clock", needs=("api",)))
WORKERS = stack(worker("clock"), worker("mailer", handover="overlap"))


def contained(one: Stack) -> Stack:
    """Services ask each other by name."""
    return replace(one, runtime="docker")


def elsewhere(one: Stack) -> Stack:
    """The same, in a network of their own."""
    services = (replace(each, container=replace(each.container, networks=("own",))) for each in one.services)
    return replace(contained(one), services=tuple(services))


def more_replicas(number: int) -> Stack:
    return replace(WEB, services=(replace(WEB.services[0], replicas=number),))


def rolling(surge: int, unavailable: int) -> Stack:
    return replace(WEB, rollout=replace(WEB.rollout, surge=surge, unavailable=unavailable))


def cases() -> dict[str, tuple[Step, ...]]:
    """Name → plan."""
    first, upgrade = Observed(), observed(SHOP)
    warm = observed(SHOP, *instances("new", SHOP, stopped=("clock", "mailer")), warm=("new",))
    rested = observed(WEB, *instances("new", WEB, stopped=("web",)), warm=("new",))
    soaking = replace(WEB, rollout=replace(WEB.rollout, soak=30.0, steps=(CanaryStep(10, 60.0),)))
    approved = replace(WEB, rollout=replace(WEB.rollout, approve=True))
    careful = replace(
        approved,
        rollout=replace(
            approved.rollout, steps=(CanaryStep(10, 60.0, approve=True), CanaryStep(50)), sticky=True,
            shadow=Shadow(5.0, 60.0),
        ),
    )  # fmt: skip
    return {
        "first deployment": steps(SHOP, first),
        "upgrade, blue-green": steps(SHOP, upgrade, "blue-green"),
        "upgrade, canary": steps(SHOP, upgrade, "canary"),
        "upgrade, rolling": steps(SHOP, upgrade, "rolling"),
        "back to a warm release, urgent": steps(SHOP, warm, "blue-green", urgent=True),
        "back to a warm release, blue-green": steps(SHOP, warm, "blue-green"),
        "back to a rested release, rolling": steps(WEB, rested, "rolling"),
        "needs, in containers": steps(contained(NEEDY), first),
        "needs, in containers, upgrade": steps(contained(NEEDY), observed(contained(NEEDY))),
        "needs, in containers, rolling": steps(contained(NEEDY), observed(contained(NEEDY)), "rolling"),
        "nothing for users, in containers": steps(contained(INNER), observed(contained(INNER))),
        "another service that is asked, in containers": steps(contained(NEEDY), observed(contained(WEB))),
        "another network to ask in": steps(elsewhere(WEB), observed(contained(WEB))),
        "another network to ask in, rolling": steps(elsewhere(WEB), observed(contained(WEB)), "rolling"),
        "needs": steps(NEEDY, first),
        "needs, rolling": steps(NEEDY, observed(NEEDY), "rolling"),
        "services removed and added, blue-green": steps(OTHER, upgrade, "blue-green"),
        "services removed and added, rolling": steps(OTHER, upgrade, "rolling"),
        "two replicas more, rolling": steps(more_replicas(4), observed(WEB), "rolling"),
        "one replica less, rolling": steps(more_replicas(1), observed(WEB), "rolling"),
        "none above, one below, rolling": steps(rolling(0, 1), observed(WEB), "rolling"),
        "workers alone": steps(WORKERS, observed(WORKERS)),
        "workers alone, rolling": steps(WORKERS, observed(WORKERS), "rolling"),
        "canary with pauses and soak": steps(soaking, observed(WEB), "canary"),
        "canary, sticky, shadowed and approved": steps(careful, observed(WEB), "canary"),
        "blue-green, approved": steps(approved, observed(WEB), "blue-green"),
        "rolling, approved": steps(approved, observed(WEB), "rolling"),
        "approved and shadowed, the way back": steps(careful, observed(WEB), "blue-green", urgent=True),
        "canary, nothing live": steps(WEB, first, "canary"),
        "some already there": steps(WEB, observed(WEB, instances("new", WEB)[0])),
    }
