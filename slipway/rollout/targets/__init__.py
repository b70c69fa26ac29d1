"""The places where traffic can flow, each with a name in `project.yaml`."""

from collections.abc import Callable

from slipway.base.errors import Refused, UsageError
from slipway.rollout.target import Target, TrafficState
from slipway.settings import Line


def _local(line: Line) -> Target:
    from slipway.rollout.targets.local import local

    return local(line)


def _cluster(line: Line) -> Target:
    from slipway.rollout.targets.cluster import cluster

    return cluster(line)


KINDS: dict[str, Callable[[Line], Target]] = {"local": _local, "cluster": _cluster}


def bind(line: Line) -> Target:
    """The target that `project.yaml` binds to the registry of a line.

    Raises:
        Refused: it binds none.
        UsageError: the name is none of a target's.
    """
    name = line.project.target
    if name is None:
        raise Refused(
            f"project.yaml: targets: none is bound to the registry of {line.name}, so its traffic is unknown"
        )  # guard target.bound
    if name not in KINDS:
        raise UsageError(
            f"{line.project.root / 'project.yaml'}: targets: found {name!r}, expected one of {sorted(KINDS)}"
        )  # guard target.known
    return KINDS[name](line)


def traffic(line: Line) -> TrafficState | None:
    """Where the traffic of a line goes, None where nothing is live or no target is bound to its registry."""
    return None if line.project.target is None else bind(line).placement.state()
