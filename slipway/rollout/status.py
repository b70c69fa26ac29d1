"""Aliases and traffic side by side."""

from slipway.base.documents import read
from slipway.base.errors import SlipwayError
from slipway.base.strict import Strict
from slipway.records.chain import Chain
from slipway.registry.versions import Registry
from slipway.rollout.promotion import UNREADABLE, Intent
from slipway.rollout.target import TrafficState
from slipway.rollout.targets import bind
from slipway.settings import Line


class Status(Strict):
    """What the registry says and where traffic goes; traffic is the fact.

    Attributes:
        records: whether the decision records are those that were kept, in one line.
        by_hand: what somebody did in MLflow, such as by its button Promote, and how to undo it.
    """

    system: str
    size: str
    registry: str
    production: int | None
    canary: int | None
    staging: int | None
    previous: int | None
    stable: int | None
    canary_traffic: int | None
    weight: int
    records: str
    breaks: list[str]
    by_hand: list[str]
    problems: list[str]


def look(registry: Registry) -> Status:
    """Read the aliases and the decision records of the registry, and the traffic of the target."""
    line = registry.line
    traffic = bind(line).placement.state()
    production, canary = registry.resolve("production"), registry.resolve("canary")
    staging, previous = registry.resolve("staging"), registry.resolve("previous")
    verdict = registry.verdict()
    return Status(
        system=line.system,
        size=line.size,
        registry=registry.where,
        production=production,
        canary=canary,
        staging=staging,
        previous=previous,
        stable=traffic.stable.number if traffic else None,
        canary_traffic=traffic.canary.number if traffic and traffic.canary else None,
        weight=traffic.weight if traffic else 0,
        records=str(verdict),
        breaks=[str(one) for one in verdict.breaks],
        by_hand=[f"{one.of}: {one.back}" for one in verdict.odd if one.back],
        problems=[
            *unfinished(line),
            *differences(production, canary, traffic),
            *unvouched(registry, verdict.chain, production, canary, staging, previous),
        ],
    )


def unfinished(line: Line) -> list[str]:
    """A move of production that is under way, or was killed on it, in words."""
    path = line.intent
    if not path.is_file():
        return []
    try:
        record = read(path, Intent, UNREADABLE).record
    except SlipwayError:
        if path.is_file():
            raise
        return []  # the move has ended since
    moving = f"a {record.decision} of version {record.version} is under way"
    return [f"{moving}; if its process was killed, the next train, rollout or rollback finishes or drops it"]


def unvouched(registry: Registry, chain: Chain, *numbers: int | None) -> list[str]:
    """Versions with an alias that nothing here would run, each with the reason."""
    found = []
    for number in sorted({number for number in numbers if number is not None}):
        try:
            registry.vouched(registry.get(number), chain)
        except SlipwayError as error:
            found.append(str(error))
    return found


def differences(production: int | None, canary: int | None, traffic: TrafficState | None) -> list[str]:
    """Where aliases do not say what traffic does, in words."""
    stable = traffic.stable.number if traffic else None
    served = traffic.canary.number if traffic and traffic.canary else None
    found = []
    if production != stable:
        found.append(f"the alias production is {production}, production traffic goes to {stable}")
    if served is not None and served != canary:
        found.append(f"the alias canary is {canary}, canary traffic goes to {served}")
    if served is None and canary is not None:
        found.append(f"version {canary} has the alias canary and no traffic: it is held, or was killed")
    return found
