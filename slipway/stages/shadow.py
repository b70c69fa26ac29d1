"""Let a version score copies of requests before it answers any."""

import time
from pathlib import Path

from slipway.base.atomic import write_text
from slipway.base.documents import read
from slipway.base.failure import failure_kept
from slipway.base.provenance import now
from slipway.records.shadow import ShadowEvidence
from slipway.registry.versions import Registry
from slipway.rollout.shadow import not_asked, run_shadow
from slipway.rollout.targets import bind
from slipway.stages.record import refusals_kept
from slipway.stages.run import RunRef, project, say
from slipway.stages.trial import on_trial, require_unseen


@failure_kept()
def shadow(run: RunRef, *, version: int, stable: int, data: Path, evidence: Path) -> None:
    """Ask both versions the same requests and judge the pairs, where outcomes do not depend on the answer.

    Where they do, no pair has an outcome for each of its answers: nothing is asked, and the canary decides.

    Raises:
        UsageError: the card does not say which it is, or there are too few requests.
        Refused: as for `canary`.
        NotReady: the stable version's server does not get ready.
    """
    line = run.line(project())
    registry = Registry(line)
    registry.require_movable()  # guard registry.embedded
    target = bind(line)
    depends = line.card.depends_on_answer()
    with refusals_kept(run, "rollout", version):
        require_unseen(registry, version, stable, data)
    if depends:
        say("outcomes depend on the answer: the canary decides, on the requests that the versions differ on")
        found = not_asked(line.card, target, stable, version)
    else:
        arena = target.arena(data)
        with refusals_kept(run, "rollout", version):
            for text in arena.shadow_plan(registry.training_record(version).evaluation, stable):
                say(text)
        clocks = now, time.monotonic
        with on_trial(run, registry, target, version, stable) as trial:
            found = run_shadow(line.card, target, arena, trial, *clocks, _progress)
    write_text(evidence, found.model_dump_json(indent=2))


def _progress(done: int, total: int, text: str) -> None:
    say(f"{done:,} of {total:,} requests: {text}")


def read_shadow(path: Path) -> ShadowEvidence:
    """Read what `shadow` wrote."""
    return read(path, ShadowEvidence)
