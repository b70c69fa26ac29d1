"""Bring a line back to what its records say: nothing is decided anew, and so nothing is recorded."""

from collections.abc import Iterator

from slipway.records.explained import production, require_no_unsigned, staged
from slipway.registry import turns
from slipway.registry.versions import Alias, Registry
from slipway.rollout.target import Deployed
from slipway.rollout.targets import bind
from slipway.settings import Line
from slipway.stages.move import recover
from slipway.stages.package import require_packaged


def settle(line: Line) -> list[str]:
    """Finish or drop a killed move, then traffic, aliases and `staging` as recorded; returns what was done.

    Raises:
        Refused: the records are not those that were kept, a move that nobody signed put `production` where
            it is, or somebody else is moving it.
        SlipwayError: traffic is on neither side of the killed move, or its version cannot be served.
    """
    registry = Registry(line)
    registry.require_movable()  # guard registry.embedded
    done = [said] if (said := recover(line)) else []
    chain = registry.require_intact()
    require_no_unsigned(chain, registry.resolve("production"), line.name)
    return [*done, *_trial(line), *_traffic(registry), *_aliases(registry), *staging(registry)]


def staging(registry: Registry) -> Iterator[str]:
    """Point `staging` at the version registered last, where a kill came between its record and the alias."""
    due = staged(registry.chain())
    if due is None or registry.resolve("staging") == due or registry.get(due).barred is not None:
        return
    registry.point("staging", due)
    yield f"version {due} was registered and is staged now"


def _trial(line: Line) -> Iterator[str]:
    """Whoever has the traffic ends what a killed holder left."""
    target = bind(line)
    if (gone := target.lease.left()) is None:
        return
    with target.lease.held(None):
        pass
    yield f"ended what was left: {gone}"


def _traffic(registry: Registry) -> Iterator[str]:
    """Where the file that says where it goes is lost, or says what no record says."""
    target, (live, _) = bind(registry.line), production(registry.chain())
    state = target.placement.state()
    if live is None or (state is not None and state.stable.number == live):
        return
    with turns.bind(registry.line).taken(), target.lease.held(None):
        require_packaged(registry, live)
        target.placement.shift(Deployed(number=live, digest=registry.get(live).digest))
    yield f"production traffic goes to version {live} again"


def _aliases(registry: Registry) -> Iterator[str]:
    """Those that somebody moved in MLflow."""
    with turns.bind(registry.line).taken():
        live, before = production(registry.chain())
        due: dict[Alias, int | None] = {"production": live, "previous": before}
        for alias, number in due.items():
            if (found := registry.resolve(alias)) != number:
                registry.point(alias, number)
                yield f"the alias {alias} was {_named(found)} and is {_named(number)} again"


def _named(number: int | None) -> str:
    return "not set" if number is None else f"on version {number}"
