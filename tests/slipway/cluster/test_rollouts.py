"""One version on a real cluster, by commands alone: what goes wrong with it, its promotion, the way back."""

import os
import signal
import time
from collections.abc import Callable

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
def aborted(first: Team) -> Team:
    """A second version, whose first image passed its smoke test and answered no user."""
    number = first.trains()
    with Clients(first, scored=True) as clients:
        done = first.rolls_out(number, first.failing[number])
    assert done.returncode == 3, done.stdout + done.stderr
    assert "canary.error_rate" in done.stderr
    mine = buckets.of_canary(f"ad_click-small-1-{number}", first.line.card.rollout.steps[-1].weight)
    # Only those who were answered by the canary, and only until it was gone.
    assert clients.failed()
    assert {bucket for bucket, _, _ in clients.failed()} <= {*map(str, mine)}
    assert {status for _, status, _ in clients.failed()} == {500}
    assert clients.versions() == ["1"]
    return first


@pytest.fixture(scope="module")
def killed(aborted: Team) -> Team:
    """The same version by its own image; its rollout was killed whole while the canary answered users."""
    with Clients(aborted) as clients:
        named = ("--version", "2", "--image", aborted.images[2])
        # A session of its own, so that its tasks die with it, as in a Pod.
        rollout = aborted.copy.start("rollout", *SMALL, *named, session=True)
        reached(lambda: "2" in clients.versions())
        os.killpg(rollout.pid, signal.SIGKILL)
        rollout.communicate()
        reached(lambda: any("has not renewed it" in one for one in aborted.status()["problems"]))
        now = aborted.status()
        assert (now["production"], now["stable"], now["canary_traffic"]) == (1, 1, 2)
        assert now["weight"] > 0
    assert clients.failed() == []
    return aborted


@pytest.fixture(scope="module")
def promoted(killed: Team) -> Team:
    """Rolled out once more, it has earned production, while users asked."""
    first, number = killed, 2
    with Clients(first) as clients:
        done = first.rolls_out(number)
    assert done.returncode == 0, done.stdout + done.stderr
    assert clients.failed() == []
    experiment, weights = f"ad_click-small-1-{number}", [one.weight for one in first.line.card.rollout.steps]
    at_first, ever = ({*map(str, buckets.of_canary(experiment, weights[step]))} for step in (0, -1))
    # What the killed one has left is ended before the new one begins.
    begun = next(place for place, one in enumerate(clients.seen) if one[2] == "1" and one[0] in at_first)
    met = [asked for asked, _, version in clients.seen[begun:] if version == str(number)]
    # Those of the first step, then some of the others, and those of no step (or of none) with production.
    assert met[0] in at_first
    assert {*met[: next(place for place, one in enumerate(met) if one not in at_first)]} <= at_first
    assert {*met[: next(place for place, one in enumerate(met) if one not in ever)]} == ever
    return first


@pytest.fixture(scope="module")
def back(promoted: Team) -> Team:
    """Somebody has rolled back, while users asked."""
    with Clients(promoted, scored=True) as clients:
        done = promoted.slipway("rollback", *SMALL, "--reason", "clicks of robots")
    assert done.returncode == 0, done.stdout + done.stderr
    assert clients.failed() == []
    assert clients.versions()[-1] == "1"
    return promoted


def test_what_each_decision_left_behind(back: Team) -> None:
    """The same records as on a laptop, but for the target; aliases, traffic and what answers agree."""
    records = back.decisions()
    told = [(one["decision"], one["version"], one["replaced"]) for one in records]
    assert told == [
        ("registered", 1, None),
        ("refused", 1, None),
        ("first", 1, None),
        ("registered", 2, None),
        ("abort", 2, 1),
        ("promote", 2, 1),
        ("rollback", 1, 2),
    ]
    aborted, promoted = records[4], records[5]
    assert aborted["reason"].startswith("canary.error_rate: ")
    assert promoted["canary"]["target"] == "cluster"
    assert promoted["bento"] == back.images[2]
    now = back.status()
    assert (now["target"], now["production"], now["stable"], now["canary"]) == ("cluster", 1, 1, None)
    assert [*now["answers"].values()] == [1]
    assert now["problems"] == []
    assert left_over(back) == []


def left_over(team: Team) -> list[str]:
    """What is there beside the stable version."""
    mine = {"app.kubernetes.io/managed-by": "slipway"}
    names = [
        one["metadata"]["name"]
        for kind in ("Deployment", "Service", "HTTPRoute")
        for one in team.space.api.listed(kind, mine)
    ]
    return [name for name in names if name != team.objects.name(STABLE)]


def reached(what: Callable[[], bool]) -> None:
    """Wait for something that comes."""
    end = time.monotonic() + 300
    while not what():
        assert time.monotonic() < end
        time.sleep(0.5)
