"""The target `cluster`: stable and canary are Pods behind a gateway, asked through it by a replay."""

from pathlib import Path

from slipway.base.errors import SlipwayError
from slipway.rollout import buckets
from slipway.rollout.replay import Replay
from slipway.rollout.target import Target
from slipway.rollout.targets.cluster.announcer import Announcer
from slipway.rollout.targets.cluster.api import Api
from slipway.rollout.targets.cluster.manifests import Objects
from slipway.rollout.targets.cluster.placement import ClusterPlacement
from slipway.rollout.traffic import Traffic
from slipway.settings import Line
from slipway.system import load_system


def cluster(line: Line) -> Target:
    """Bind a line to the cluster of `project.yaml`."""
    settings = line.project.settings.cluster
    if settings is None:  # the settings do not load without it
        raise SlipwayError(f"{line.project.root / 'project.yaml'}: cluster: required, but absent")
    api, objects = Api(settings.namespace, settings.context), Objects(line.bento, settings)
    placement = ClusterPlacement(line, api, objects)

    def replay(data: Path) -> Replay:
        card = line.card
        traffic = Traffic.load(card, load_system(card.name, line.project.root), data, card.models.seed)
        return Replay(card, traffic, placement.send, buckets.in_canary)

    announcer = Announcer(Api(settings.namespace, settings.context, tries=1), objects)
    return Target("cluster", placement, placement.lease, replay, announcer)
