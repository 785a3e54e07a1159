"""Rules that start from services and jobs: who is like whom, who needs whom, and what a port is needed for."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from fairlead.project.problem import Problem, blame, did_you_mean, problem
from fairlead.project.tree import Items, Mapping, Node, child, children, quoted, select, text_of

LONGEST_CIRCLE = 12  #: names in a message


def entries(tree: Mapping, section: str) -> dict[str, Mapping]:
    """The services, or the jobs, that are mappings."""
    found = child(tree, section)
    return {str(key): node for key, node in children(found) if isinstance(node, Mapping)}


def _names(tree: Mapping, section: str) -> set[str]:
    return {str(key) for key, _ in children(child(tree, section))}


def missing(tree: Mapping, node: Node, name: str, known: set[str], what: str) -> Problem:
    """A name that nothing has; where an overlay took it away, that is the place."""
    for section in ("services", "jobs"):
        found = child(tree, section)
        gone = found.removed.get(name) if isinstance(found, Mapping) else None
        if gone is not None and not node.overlaid:
            return problem(gone, f"{quoted(name)} is removed here and still named on line {node.at.line}")
    return problem(node, f"there is no {what} {quoted(name)}{did_you_mean(name, known)}")


def like(tree: Mapping) -> Iterator[Problem]:
    """`like` names a service that stands on its own."""
    services, names = entries(tree, "services"), _names(tree, "services")
    for section in ("services", "jobs"):
        for name, entry in entries(tree, section).items():
            node, target = child(entry, "like"), text_of(child(entry, "like"))
            if node is None or target is None:
                continue
            if section == "services" and target == name:
                yield problem(node, "a service cannot be like itself")
            elif target not in names:
                yield missing(tree, node, target, names - {name}, "service")
            elif target in services and (further := child(services[target], "like")) is not None:
                yield _chained(node, target, further, name)


def _chained(node: Node, target: str, further: Node, name: str) -> Problem:
    place, beyond = blame(node, further), text_of(further) or ""
    advice = f"; name {quoted(beyond)} instead" if place is node and beyond not in ("", name, target) else ""
    return problem(place, f"{quoted(target)} is itself like another service{advice}")


def one_name(tree: Mapping) -> Iterator[Problem]:
    """A job and a service have different names, because `needs` and `logs` name either; and so have a store that runs
    here and either of them, because each is found by its name in a network."""
    services, jobs = child(tree, "services"), child(tree, "jobs")
    for name, job in children(jobs):
        other = child(services, name)
        if other is not None:
            yield problem(blame(job, other), f"{quoted(str(name))} names a service and a job; rename one")
    for name, store in children(child(tree, "stores")):
        for what, other in (("service", child(services, name)), ("job", child(jobs, name))):
            if other is not None and child(store, "url") is None:
                yield problem(blame(store, other), f"{quoted(str(name))} names a {what} and a store; rename one")


def needs(tree: Mapping) -> Iterator[Problem]:
    """`needs` of a service names services, `needs` of a job services and jobs; nothing needs itself."""
    services, jobs = _names(tree, "services"), _names(tree, "jobs")
    for section, known, what in (("services", services, "service"), ("jobs", services | jobs, "service or job")):
        for node in select(tree, section, "*", "needs", "*"):
            name = text_of(node)
            if name is not None and name not in known:
                yield missing(tree, node, name, known - {str(node.path[-3])}, what)
    yield from _cycles(entries(tree, "services") | entries(tree, "jobs"))


def _cycles(all_entries: dict[str, Mapping]) -> Iterator[Problem]:
    edges = {
        name: {text: node for node in select(entry, "needs", "*") if (text := text_of(node) or "") in all_entries}
        for name, entry in all_entries.items()
    }
    done: set[str] = set()
    for start in edges:
        yield from _walk(start, edges, done)


def _walk(start: str, edges: dict[str, dict[str, Node]], done: set[str]) -> Iterator[Problem]:
    """Depth first without recursion; a name met again on the way to itself closes a circle."""
    way = {} if start in done else {start: iter(edges[start].items())}  # in the order it was walked
    done.add(start)
    while way:
        step = next(way[next(reversed(way))], None)
        if step is None:
            way.popitem()
            continue
        name, node = step
        if name in way:
            names = list(way)
            circle = [*names[names.index(name) :], name]
            nodes = [edges[one].get(other) for one, other in pairwise(circle)]
            yield problem(blame(node, *nodes), f"a circle: {' needs '.join(_few(circle))}")
        elif name not in done:
            done.add(name)
            way[name] = iter(edges[name].items())


def _few(names: list[str]) -> list[str]:
    """So many that a person still reads them."""
    return names if len(names) <= LONGEST_CIRCLE else [*names[: LONGEST_CIRCLE - 2], "…", names[-1]]


def job_order(tree: Mapping) -> Iterator[Problem]:
    """A job before traffic can need only what is there by then: no worker that starts at the switch, no later job."""
    services, jobs = entries(tree, "services"), entries(tree, "jobs")
    for job in jobs.values():
        if not _before_traffic(job):
            continue
        for node in select(job, "needs", "*"):
            name = text_of(node) or ""
            if name in services and _hands_over(services[name]):
                way = f"give {quoted(name)} handover: overlap, or this job when: after-traffic"
                why = f"{quoted(name)} starts when traffic switches, after this job; {way}"
                yield problem(blame(node, child(job, "when"), *_causes(services[name])), why)
            elif name in jobs and text_of(child(jobs[name], "when")) == "after-traffic":
                why = f"{quoted(name)} runs after traffic, and this job before; give both the same when"
                yield problem(blame(node, child(job, "when"), child(jobs[name], "when")), why)


def _before_traffic(job: Mapping) -> bool:
    when = child(job, "when")
    return when is None or text_of(when) == "before-traffic"


def _hands_over(service: Mapping) -> bool:
    """Whether it is a worker of which the old one stops before the new one starts."""
    handover = child(service, "handover")
    return (
        "port" not in service.items
        and "static" not in service.items
        and (handover is None or text_of(handover) == "stop-first")
    )


def _causes(service: Mapping) -> tuple[Node | None, ...]:
    return child(service, "handover"), service.removed.get("handover"), service.removed.get("port")


def port(tree: Mapping) -> Iterator[Problem]:
    """Requests, of users and of probes, need a port to go to."""
    for entry in entries(tree, "services").values():
        if "port" in entry.items or "static" in entry.items:
            continue
        gone = entry.removed.get("port")
        routes, health = child(entry, "routes"), child(entry, "health")
        if isinstance(routes, Items) and routes.items:
            yield problem(blame(routes, gone), "routes need a port; add port, or remove routes")
        paths = [health] if text_of(health) is not None else [child(health, "ready"), child(health, "live")]
        for path in paths:
            if path is not None:
                yield problem(blame(path, gone), "a health path needs a port; add port, or remove health")


def asked_by_engine(tree: Mapping) -> Iterator[Problem]:
    """A request needs to know where to."""
    for entry in entries(tree, "services").values():
        health = child(entry, "health")
        node = child(health, "engine")
        if node is not None and text_of(node) == "http" and child(health, "ready") is None:
            yield problem(node, "http asks the path of ready; add ready, or give a command")


def same_route(tree: Mapping) -> Iterator[Problem]:
    """No two services, and no service twice, have the same host and path."""
    seen: dict[tuple[str, str], tuple[str, Node]] = {}
    for name, entry in entries(tree, "services").items():
        for _, node in children(child(entry, "routes")):
            route = _route(node)
            if route in seen:
                yield _taken("".join(route), (name, node), seen[route])
            elif route is not None:
                seen[route] = name, node


def _taken(route: str, here: tuple[str, Node], first: tuple[str, Node]) -> Problem:
    place = blame(here[1], first[1])
    name, other = first if place is here[1] else here
    if here[0] == first[0]:
        return problem(place, f"the route {route} stands twice, also on line {other.at.line}")
    return problem(place, f"service {quoted(name)} has the same route, {route}, on line {other.at.line}")


def _route(node: Node) -> tuple[str, str] | None:
    """Host and path; `/api` and `/api/` are the same. None where the shape is wrong."""
    path, host = text_of(node) or "/", ""
    if isinstance(node, Mapping):
        path, host = text_of(node.items.get("path")) or "/", text_of(node.items.get("host")) or ""
    elif text_of(node) is None:
        return None
    return host.lower(), path.rstrip("/") or "/"


def command(tree: Mapping) -> Iterator[Problem]:
    """Something has to be started: a command, or what an image starts by itself."""
    services = entries(tree, "services")
    for entry in services.values():
        donor = services.get(text_of(child(entry, "like")) or "")
        image = any(child(one, key) is not None for one in (entry, donor) for key in ("image", "build"))
        if "static" in entry.items:
            yield from _beside_static(entry)
        elif "command" not in entry.items and not image:
            gone = entry.removed.get("command")
            what = '"command" is required and cannot be removed' if gone else '"command" is missing'
            yield problem(gone or entry, what)


def _beside_static(entry: Mapping) -> Iterator[Problem]:
    """A folder of files is served by Fairlead's own server."""
    for key in ("command", "entrypoint"):
        if (node := child(entry, key)) is not None:
            yield problem(node, f"static is a server of its own; remove {key}, or static")


def job_source(tree: Mapping) -> Iterator[Problem]:
    """A job runs in somebody's files: a service's, or its own."""
    for entry in entries(tree, "jobs").values():
        if "like" not in entry.items and "source" not in entry.items:
            place = blame(entry, entry.removed.get("like"), entry.removed.get("source"))
            yield problem(place, "a job needs like (a service, whose files it runs in) or source")


def inputs(tree: Mapping) -> Iterator[Problem]:
    """`prepare.inputs` are files of the source."""
    services = entries(tree, "services")
    for entry in (*services.values(), *entries(tree, "jobs").values()):
        node = child(entry, "prepare", "inputs")
        donor = services.get(text_of(child(entry, "like")) or "")
        if isinstance(node, Items) and node.items and "source" not in {*entry.items, *(donor.items if donor else ())}:
            place = blame(node, entry.removed.get("source"))
            yield problem(place, "inputs are files of the source, and there is no source")


RULES = (command, like, one_name, needs, job_order, port, asked_by_engine, same_route, job_source, inputs)
