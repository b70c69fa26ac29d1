"""Try a version on a share of the traffic."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from slipway.base.atomic import write_text
from slipway.base.documents import read
from slipway.base.errors import NotReady, Refused
from slipway.base.failure import failure_kept
from slipway.base.provenance import now
from slipway.data.parts import read_manifest
from slipway.records.canary import CanaryEvidence
from slipway.records.evidence import Evidence
from slipway.registry.versions import Registry
from slipway.rollout.controller import run_canary
from slipway.rollout.target import Deployed, TrafficState
from slipway.rollout.targets import bind
from slipway.stages.plan import recorded_error_rate
from slipway.stages.record import refusals_kept
from slipway.stages.run import RunRef, project, say
from slipway.tasks import kind


@failure_kept()
def canary(run: RunRef, *, version: int, stable: int, data: Path, evidence: Path) -> None:
    """Send traffic to both versions, step by step, and collect what it shows.

    Raises:
        Refused: the version is the stable one or barred, production is no longer the stable one, another
            process has the traffic, a version was trained on the rows that are replayed, the plan is
            hopeless, or the version's server does not get ready.
        NotReady: the stable version's server does not.
    """
    line = run.line(project())
    target, registry = bind(line), Registry(line)
    registry.require_movable()  # guard registry.embedded
    with refusals_kept(run, "rollout", version):
        _unseen(registry, version, stable, data)
        arena = target.arena(data)
        evaluated = registry.training_record(version).evaluation
        errors = recorded_error_rate(registry, stable, lambda error: say(f"warning: {error}"))
        for text in arena.plan(evaluated, stable, errors):
            say(text)
    # It salts the assignment: in a second trial of the same two, each unit keeps its arm.
    experiment = f"{line.name}-{stable}-{version}"
    deployed = Deployed(number=version, digest=registry.get(version).digest)
    # The maximum duration is measured by a clock that nobody can set meanwhile.
    clocks = now, time.monotonic
    with (
        refusals_kept(run, "rollout", version),
        # Inside `refusals_kept`: a rollout that finds the traffic taken leaves a record, too.
        target.lease.held(),
        _on_trial(registry, version),
    ):
        # Under the lease, for only its holder moves production.
        _unmoved(target.placement.state(), stable)
        _no_copy(registry, version, stable)
        with target.placement.trial(deployed, experiment) as trial:
            registry.point("canary", version)
            try:
                found = run_canary(line.card, target, arena, trial, *clocks, _progress)
            except BaseException:
                # Ctrl-C too: the alias must not outlive the trial.
                registry.point("canary", None)
                raise
            # before the trial ends: without its evidence nothing comes of a canary, nor of its server
            write_text(evidence, found.model_dump_json(indent=2))


@contextmanager
def _on_trial(registry: Registry, version: int) -> Iterator[None]:
    """A server that does not get ready speaks against its version only where that is the one on trial."""
    try:
        yield
    except NotReady as error:
        if error.version != version:
            raise
        registry.point("canary", None)  # a policy may have held it since an earlier trial
        raise Refused(f"the canary never got ready: {error}") from error  # guard canary.ready


def _unmoved(traffic: TrafficState | None, stable: int) -> None:
    """A rollback may have come between the start of this rollout and its canary."""
    live = None if traffic is None else traffic.stable.number
    if live != stable:
        # guard canary.production_unmoved
        raise Refused(f"production traffic goes to version {live}, not {stable} as when this rollout began")


def _no_copy(registry: Registry, version: int, stable: int) -> None:
    """Judged by a margin, a copy of the live version would win, and production would move for nothing."""
    if registry.get(version).digest == registry.get(stable).digest:
        # guard canary.no_copy
        raise Refused(f"version {version} has the bits of version {stable}, which is in production")


def _unseen(registry: Registry, version: int, stable: int, data: Path) -> None:
    """An arm that was trained on the traffic would be judged on what it knows by heart."""
    if version == stable:
        # guard canary.another_version
        raise Refused(f"version {version} is in production already; there is nothing to compare it with")
    start = read_manifest(data).parts["replay"].start
    for number in (version, stable):
        trained: Evidence | None = registry.training_record(number).evaluation
        seen = None if trained is None else trained.candidate.seen_until
        if seen is None or seen >= start:
            until = "an unknown time" if seen is None else f"{seen:%Y-%m-%d %H:%M:%S}"
            raise Refused(
                f"version {number} was trained on rows until {until}, "
                f"the traffic begins at {start:%Y-%m-%d %H:%M:%S}; expected earlier"
            )  # guard canary.traffic_unseen


def _progress(done: int, total: int, text: str) -> None:
    say(f"{done:,} of {total:,} requests: {text}")


def read_canary(path: Path) -> CanaryEvidence:
    """Read what `canary` wrote."""
    return read(path, CanaryEvidence)


def reason(found: CanaryEvidence) -> str:
    """What decided, in one line for people."""
    failed = "; ".join(str(check) for check in found.verdict.checks if not check.passed)
    gain = found.looks[-1].difference
    if failed or gain is None:
        return failed or found.verdict.outcome
    metric = kind(found.task).metric(found.metric).gain
    measured = f"{gain.value:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}]"
    return f"against version {found.stable} it gained {measured} of {metric} per request"
