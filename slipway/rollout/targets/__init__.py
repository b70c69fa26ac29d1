"""The places where traffic can flow, each with a name in `project.yaml`."""

from slipway.rollout.target import Target
from slipway.settings import Line


def bind(line: Line) -> Target:
    """The target that the project names, for one line."""
    from slipway.rollout.targets.local import local

    return {"local": local}[line.project.settings.target](line)
