"""One version after the other on a real cluster, by commands alone: deployed first, then promoted."""

import pytest

from slipway.rollout import buckets
from slipway.rollout.targets.cluster.names import STABLE
from tests.slipway.cluster.conftest import SMALL, Clients, Team

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def first(team: Team) -> Team:
    """The baseline is live."""
    number = team.trains("--baseline")
    unknown = team.slipway("rollout", *SMALL)
    assert unknown.returncode == 3, unknown.stderr
    assert f"no image of version {number}" in unknown.stderr
    done = team.rolls_out(number)
    assert done.returncode == 0, done.stdout + done.stderr
    return team


@pytest.fixture(scope="module")
def promoted(first: Team) -> Team:
    """A better one has earned production, while users asked."""
    number = first.trains()
    with Clients(first) as clients:
        done = first.rolls_out(number)
    assert done.returncode == 0, done.stdout + done.stderr
    assert clients.failed() == []
    experiment, weights = f"ad_click-small-1-{number}", [one.weight for one in first.line.card.rollout.steps]
    at_first, ever = ({*map(str, buckets.of_canary(experiment, weights[step]))} for step in (0, -1))
    met = [asked for asked, _, version in clients.seen if version == str(number)]
    # Those of the first step, then some of the others, and those of no step (or of none) with production.
    assert met[0] in at_first
    assert {*met[: next(place for place, one in enumerate(met) if one not in at_first)]} <= at_first
    assert {*met[: next(place for place, one in enumerate(met) if one not in ever)]} == ever
    return first


def test_a_canary_is_promoted_on_what_its_traffic_shows(promoted: Team) -> None:
    """The same record as on a laptop, but for the target; aliases, traffic and what answers agree."""
    record, now = promoted.last(), promoted.status()
    assert (record["decision"], record["version"], record["replaced"]) == ("promote", 2, 1)
    assert record["canary"]["target"] == "cluster"
    assert record["bento"] == promoted.images[2]
    assert (now["target"], now["production"], now["stable"], now["canary"]) == ("cluster", 2, 2, None)
    assert [*now["answers"].values()] == [2]
    assert now["problems"] == []
    assert left_over(promoted) == []


def left_over(team: Team) -> list[str]:
    """What is there beside the stable version."""
    mine = {"app.kubernetes.io/managed-by": "slipway"}
    names = [
        one["metadata"]["name"]
        for kind in ("Deployment", "Service", "HTTPRoute")
        for one in team.space.api.listed(kind, mine)
    ]
    return [name for name in names if name != team.objects.name(STABLE)]
