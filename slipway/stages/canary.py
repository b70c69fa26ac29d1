"""Try a version on a share of the traffic."""

import time
from pathlib import Path

from slipway.base.atomic import write_text
from slipway.base.documents import read
from slipway.base.errors import Refused
from slipway.base.failure import failure_kept
from slipway.base.provenance import now
from slipway.records.canary import CanaryEvidence
from slipway.records.checks import CanaryOutcome, CanaryVerdict
from slipway.records.shadow import ShadowEvidence
from slipway.registry.versions import Registry
from slipway.rollout.controller import run_canary
from slipway.rollout.targets import bind
from slipway.settings import Card
from slipway.stages.plan import recorded_error_rate
from slipway.stages.record import refusals_kept
from slipway.stages.run import RunRef, project, say
from slipway.stages.shadow import read_shadow
from slipway.stages.trial import on_trial, require_unseen
from slipway.tasks import kind

ENDED = {"promote": "CanaryEarned", "abort": "CanaryAborted", "inconclusive": "CanaryInconclusive"}


@failure_kept()
def canary(
    run: RunRef, *, version: int, stable: int, data: Path, evidence: Path, shadow: Path | None = None
) -> None:
    """Send traffic to both versions, step by step, and collect what it shows.

    Args:
        shadow: what the stage before found. One that did not pass is a verdict already: no traffic moves.

    Raises:
        UsageError: the card does not say whether outcomes depend on the answer.
        Refused: the version is the stable one or barred, production is no longer the stable one, another
            process has the traffic, a version was trained on the rows that are replayed, the plan is
            hopeless, the version's server does not get ready, or a shadow has to decide and did not.
        NotReady: the stable version's server does not.
    """
    line = run.line(project())
    registry = Registry(line)
    registry.require_movable()  # guard registry.embedded
    target = bind(line)
    seen = None if shadow is None else read_shadow(shadow)
    with refusals_kept(run, "rollout", version):
        require_unseen(registry, version, stable, data)
        _require_shadowed(line.card, seen, version, stable)
    if seen is not None and seen.verdict.outcome != "pass":
        say(f"no canary: the shadow ended {seen.verdict.outcome}")
        write_text(evidence, kept_back(seen, line.name).model_dump_json(indent=2))  # guard shadow.kept_back
        return
    arena = target.arena(data)
    arena.resume(0 if seen is None else seen.offered)
    with refusals_kept(run, "rollout", version):
        evaluated = registry.training_record(version).evaluation
        errors = recorded_error_rate(registry, stable, lambda error: say(f"warning: {error}"))
        for text in arena.plan(evaluated, stable, errors):
            say(text)
    # The maximum duration is measured by a clock that nobody can set meanwhile.
    clocks = now, time.monotonic
    with on_trial(run, registry, target, version, stable) as trial:
        registry.point("canary", version)
        target.announce("CanaryBegun", f"version {version} beside version {stable}")
        try:
            found = run_canary(line.card, target, arena, trial, *clocks, _progress, seen)
        except BaseException:
            # Ctrl-C too: the alias must not outlive the trial.
            registry.point("canary", None)
            raise
        # before the trial ends: without its evidence nothing comes of a canary, nor of its server
        write_text(evidence, found.model_dump_json(indent=2))
        target.announce(ENDED[found.verdict.outcome], f"version {version}: {reason(found)}")


def _require_shadowed(card: Card, seen: ShadowEvidence | None, version: int, stable: int) -> None:
    """A canary that proves the rest needs a shadow that decided the quality, of the same two versions."""
    if card.depends_on_answer():
        return
    decided = seen is not None and seen.decides and (seen.candidate, seen.stable) == (version, stable)
    if not decided:
        # guard canary.shadowed
        raise Refused(f"no shadow of version {version} beside {stable} has decided the quality")


def kept_back(seen: ShadowEvidence, experiment: str) -> CanaryEvidence:
    """The evidence of a canary that never began, for its shadow did not pass: its verdict is this one's."""
    outcome: CanaryOutcome = "abort" if seen.verdict.outcome == "abort" else "inconclusive"
    return CanaryEvidence(
        system=seen.system,
        task=seen.task,
        experiment=experiment,
        stable=seen.stable,
        canary=seen.candidate,
        metric=seen.metric or "",
        target=seen.target,
        looks=[],
        verdict=CanaryVerdict(outcome=outcome, checks=seen.verdict.checks),
        shadow=seen,
    )


def _progress(done: int, total: int, text: str) -> None:
    say(f"{done:,} of {total:,} requests: {text}")


def read_canary(path: Path) -> CanaryEvidence:
    """Read what `canary` wrote."""
    return read(path, CanaryEvidence)


def reason(found: CanaryEvidence) -> str:
    """What decided, in one line for people."""
    failed = "; ".join(str(check) for check in found.verdict.checks if not check.passed)
    shadow = found.shadow if found.shadow is not None and found.shadow.decides else None
    gain = found.looks[-1].gain if found.looks else None
    if shadow is not None:
        gain = shadow.looks[-1].difference
    if failed or gain is None:
        return failed or found.verdict.outcome
    metric = kind(found.task).metric(found.metric).gain
    measured = f"{gain.value:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}]"
    same = "" if shadow is None else " on the same requests"
    return f"against version {found.stable} it gained {measured} of {metric} per request{same}"
