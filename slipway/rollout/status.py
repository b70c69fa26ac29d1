"""Aliases, traffic and the versions that really answer, side by side."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime

from slipway.base.documents import parse
from slipway.base.errors import SlipwayError
from slipway.base.provenance import now
from slipway.base.strict import Moment, Strict
from slipway.records.decision import DecisionRecord
from slipway.records.explained import Verdict, staged
from slipway.records.history import behind
from slipway.records.kept import Chain
from slipway.registry import turns
from slipway.registry.versions import Registry
from slipway.rollout import hold, targets
from slipway.rollout.promotion import UNREADABLE, Intent
from slipway.rollout.target import Target, TrafficState
from slipway.settings import Line
from slipway.webhook.delivery import told
from slipway.webhook.outbox import Outbox


class Running(Strict):
    """A move of production or a canary that is under way, or was killed on its way.

    Attributes:
        stage: `canary`, or the decision that is being carried out.
        weight: percent of units that a canary is given.
        step: of the card's steps, the first is 1; None before the first, and of what has no steps.
        since: when the move was decided, or the canary was given this weight; None where nobody noted it.
        waits: for whom or what it is held where it is, in words; None where it goes on.
    """

    stage: str
    version: int | None
    weight: int | None = None
    step: int | None = None
    steps: int | None = None
    since: Moment | None = None
    waits: str | None = None


class Status(Strict):
    """What the registry says, where traffic goes and what answers there; traffic is the fact.

    Attributes:
        target: what moves its aliases; None where `project.yaml` binds none, and then no traffic is known.
        answers: the version that every `slipway serve` of this machine answers with, by its URL; None where
            none does.
        webhook: the decisions that it was not told yet, and why, in one line; None where it was told all.
        records: whether the decision records are those that were kept, in one line.
        running: what moves traffic at this moment.
        by_hand: what somebody did in MLflow, such as by its button Promote, and how to undo it.
        hints: what differs nowhere and is odd all the same, with what to do.
    """

    system: str
    size: str
    registry: str
    target: str | None
    production: int | None
    canary: int | None
    staging: int | None
    previous: int | None
    stable: int | None
    canary_traffic: int | None
    weight: int
    answers: dict[str, int | None]
    webhook: str | None
    running: list[Running]
    records: str
    breaks: list[str]
    by_hand: list[str]
    hints: list[str]
    problems: list[str]


def look(registry: Registry, verdict: Verdict | None = None) -> Status:
    """Read the aliases and records of the registry and the traffic of the target, and ask its servers.

    Args:
        verdict: on the records, where they were read already.
    """
    line = registry.line
    target = targets.bind(line) if line.project.target else None
    bound, gone = (None, None) if target is None else (target.placement, target.lease.left())
    traffic, answers = (None, {}) if bound is None else (bound.state(), bound.answers())
    production, canary = registry.resolve("production"), registry.resolve("canary")
    staging, previous = registry.resolve("staging"), registry.resolve("previous")
    verdict, moving = verdict or registry.verdict(), begun(line)
    return Status(
        system=line.system,
        size=line.size,
        registry=registry.where,
        target=line.project.target,
        production=production,
        canary=canary,
        staging=staging,
        previous=previous,
        stable=traffic.stable.number if traffic else None,
        canary_traffic=traffic.canary.number if traffic and traffic.canary else None,
        weight=traffic.weight if traffic else 0,
        answers=answers,
        webhook=untold(line),
        running=[*_moving(moving), *_trial(line, traffic, target)],
        records=str(verdict),
        breaks=[str(one) for one in verdict.breaks],
        by_hand=[f"{one.of}: {one.back}" for one in verdict.odd if one.back],
        hints=odd(registry, verdict.chain, staging),
        problems=[
            *unfinished(moving),
            *([] if gone is None else [gone]),
            *(differences(production, canary, traffic) if bound else ()),
            *astray(traffic, answers),
            *unvouched(registry, verdict.chain, production, canary, staging, previous),
        ],
    )


def untold(line: Line) -> str | None:
    """The decisions on a line that a webhook was not told yet, in words."""
    outbox = Outbox(line.project.outbox)
    own = [one for one in outbox.waiting() if (one.system, one.size) == (line.system, line.size)]
    return told(own, line.project.settings.webhook, outbox.folder)


def begun(line: Line) -> DecisionRecord | None:
    """The decision that somebody is carrying out, or was killed on; None where there is none.

    Raises:
        SlipwayError: what was begun cannot be read.
    """
    if (left := turns.look(line).begun) is None:
        return None
    return parse(left.encode(), Intent, turns.bind(line).place, UNREADABLE).record


def unfinished(record: DecisionRecord | None) -> list[str]:
    """A move of production that is under way, or was killed on it, in words."""
    if record is None:
        return []
    moving = f"a {record.decision} of version {record.version} is under way"
    return [f"{moving}; if its process was killed, `slipway recover` finishes or drops it"]


def odd(registry: Registry, chain: Chain, staging: int | None) -> list[str]:
    """A version that a kill kept from `staging`, and a clock behind the newest record, in words."""
    found, newest = [], max(chain.entries, default=None)
    if (due := staged(chain)) not in (None, staging):
        found.append(f"version {due} was registered and is not in staging; `slipway recover` stages it")
    if newest is not None:
        with suppress(SlipwayError):  # a newer slipway wrote that one
            found += filter(None, [behind(now(), registry.read(chain.entries[newest]))])
    return found


def _moving(record: DecisionRecord | None) -> list[Running]:
    return [] if record is None else [Running(stage=record.decision, version=record.version, since=record.at)]


def _trial(line: Line, traffic: TrafficState | None, target: Target | None) -> list[Running]:
    if target is None or traffic is None or traffic.canary is None:
        return []
    weights = [step.weight for step in line.card.rollout.steps]
    # The local target writes it anew with every weight; another keeps it elsewhere.
    noted = line.traffic.stat().st_mtime if line.traffic.is_file() else None
    return [
        Running(
            stage="canary",
            version=traffic.canary.number,
            weight=traffic.weight,
            step=weights.index(traffic.weight) + 1 if traffic.weight in weights else None,
            steps=len(weights),
            since=None if noted is None else datetime.fromtimestamp(noted, UTC),
            waits=hold.told(target.lease),
        )
    ]


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


def astray(traffic: TrafficState | None, answers: Mapping[str, int | None]) -> list[str]:
    """Servers that do not answer with the version that production traffic goes to, in words."""
    stable = traffic.stable.number if traffic else None
    return [
        f"{url} {'answers with no version' if found is None else f'answers with version {found}'}, "
        f"production traffic goes to {stable}"
        for url, found in answers.items()
        if found is None or found != stable
    ]
