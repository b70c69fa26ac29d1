"""What shadow and canary share: who may be tried, against whom, on which rows, and under whose lease."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from slipway.base.errors import NotReady, Refused
from slipway.data.parts import read_manifest
from slipway.records.evidence import Evidence
from slipway.registry.versions import Registry
from slipway.rollout.target import Deployed, Target, TrafficState, Trial
from slipway.stages.package import require_packaged
from slipway.stages.record import refusals_kept
from slipway.stages.run import RunRef


def require_unseen(registry: Registry, version: int, stable: int, data: Path) -> None:
    """Refuse a version that was trained on the traffic: it would be judged on what it knows by heart.

    Raises:
        Refused: one of the two was, or they are one.
    """
    if version == stable:
        # guard canary.another_version
        raise Refused(f"version {version} is in production already; there is nothing to compare it with")
    start = read_manifest(data).parts["replay"].start
    chain = registry.require_intact()
    for number in (version, stable):
        trained: Evidence | None = registry.training_record(number, chain).evaluation
        seen = None if trained is None else trained.candidate.seen_until
        if seen is None or seen >= start:
            until = "an unknown time" if seen is None else f"{seen:%Y-%m-%d %H:%M:%S}"
            raise Refused(
                f"version {number} was trained on rows until {until}, "
                f"the traffic begins at {start:%Y-%m-%d %H:%M:%S}; expected earlier"
            )  # guard canary.traffic_unseen


@contextmanager
def on_trial(run: RunRef, registry: Registry, target: Target, version: int, stable: int) -> Iterator[Trial]:
    """Serve a version beside the stable one while the block lasts, under the lease; refusals are kept.

    Raises:
        Refused: production is no longer the stable one, another process has the traffic, or the version's
            server does not get ready.
        NotReady: the stable version's server does not.
    """
    line = registry.line
    # It salts the assignment: in a second trial of the same two, each unit keeps its arm.
    experiment = f"{line.name}-{stable}-{version}"
    with (
        refusals_kept(run, "rollout", version),
        # Inside `refusals_kept`: a rollout that finds the traffic taken leaves a record, too.
        target.lease.held(),
        _ready(registry, version),
    ):
        # Under the lease, for only its holder moves production.
        _require_unmoved(target.placement.state(), stable)
        require_packaged(registry, stable)
        with target.placement.trial(_no_copy(registry, version, stable), experiment) as trial:
            yield trial


@contextmanager
def _ready(registry: Registry, version: int) -> Iterator[None]:
    """A server that does not get ready speaks against its version only where that is the one on trial."""
    try:
        yield
    except NotReady as error:
        if error.version != version:
            raise
        registry.point("canary", None)  # a policy may have held it since an earlier trial
        raise Refused(f"the canary never got ready: {error}") from error  # guard canary.ready


def _require_unmoved(traffic: TrafficState | None, stable: int) -> None:
    """A rollback may have come between the start of this rollout and its trial."""
    live = None if traffic is None else traffic.stable.number
    if live != stable:
        # guard canary.production_unmoved
        raise Refused(f"production traffic goes to version {live}, not {stable} as when this rollout began")


def _no_copy(registry: Registry, version: int, stable: int) -> Deployed:
    """Judged by a margin, a copy of the live version would win, and production would move for nothing."""
    tried, live = registry.get(version), registry.get(stable)
    for one in (tried, live):
        registry.vouched(one)  # by its tag alone a copy may call itself another
    if tried.digest == live.digest:
        # guard canary.no_copy
        raise Refused(f"version {version} has the bits of version {stable}, which is in production")
    return Deployed(number=version, digest=tried.digest)
