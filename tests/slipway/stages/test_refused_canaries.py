"""Canaries that never begin: hopeless ones, copies of the live version, and a second one at a time."""

import shutil
import subprocess
import sys

import pyarrow.parquet as pq
import pytest

from slipway.base.atomic import write_text
from slipway.base.errors import Refused
from slipway.registry.model_version import DIGEST
from slipway.rollout.target import Deployed, TrafficState
from slipway.settings import Line
from slipway.settings.root import Project
from slipway.stages.canary import canary
from tests.slipway.root import ROOT
from tests.slipway.stages.conftest import RUN, Desk
from tests.slipway.stages.test_refusals import decisions, enter, is_kept
from tests.slipway.tiny import impressions

UNDER_WAY = TrafficState(
    stable=Deployed(number=1, bento="b:1"), canary=Deployed(number=3, bento="b:3"), weight=10
)

SHORT = """rollout:
  warmup_requests: 10
  steps: [{weight: 50, requests: 90}]
  guardrails: {min_requests: 40}
  max_duration_minutes: 30
  exploratory: true
"""
HOLDER = """
import sys
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def twins(desk: Desk, rollout: str = SHORT) -> Line:
    """A line with two versions of the same bits, and a short rollout with traffic for it."""
    enter(desk)
    desk.register_twin()
    pq.write_table(impressions(400), desk.data / "replay.parquet")
    card = desk.root / "systems" / "ad_click" / "system.yaml"
    for file in (ROOT / "systems" / "ad_click").glob("*.py"):
        shutil.copyfile(file, card.with_name(file.name))
    card.write_text(card.read_text().split("rollout:")[0] + rollout)
    return Line(Project(desk.root), "ad_click", "small")


@pytest.mark.gate(
    "rollout.hopeless",
    fed="a plan by which a check is shown good with a power below 0.5, in a card that is not exploratory",
    stops="canary",
    exit=3,
    reason="this plan can hardly promote anything, the check, and about how many requests would do",
    untouched="the alias `canary` not set, no server started, no request offered",
)
def test_a_hopeless_plan_is_refused_before_anything_starts(desk: Desk) -> None:
    """A hundred requests cannot show that errors rise by less than half a point; the record says why."""
    twins(desk, SHORT.replace("exploratory: true", "exploratory: false"))

    with pytest.raises(Refused, match=r"canary\.error_rate: power 0\.00; [\d,]+ requests") as caught:
        canary(RUN, version=2, stable=1, data=desk.data, evidence=desk.root / "evidence")
    assert "this plan can hardly promote anything" in str(caught.value)
    assert is_kept(desk, caught)
    assert desk.registry.resolve("canary") is None
    assert not (desk.root / ".slipway" / "servers").exists()


@pytest.mark.gate(
    "canary.no_copy",
    fed="a version with the bits of the one in production, which a margin would let win",
    stops="canary",
    exit=3,
    reason="version N has the bits of version M, which is in production",
    untouched="the alias `canary` not set, no server started",
)
def test_a_copy_of_the_live_version_gets_no_traffic(desk: Desk) -> None:
    """Under another number; production would move for nothing."""
    line = twins(desk)
    live = TrafficState(stable=Deployed(number=1, digest=desk.registry.get(1).digest))
    write_text(line.traffic, live.model_dump_json())

    with pytest.raises(Refused, match="version 2 has the bits of version 1") as caught:
        canary(RUN, version=2, stable=1, data=desk.data, evidence=desk.root / "evidence")
    assert is_kept(desk, caught)
    assert desk.registry.resolve("canary") is None
    assert not (desk.root / ".slipway" / "servers").exists()


@pytest.mark.gate(
    "canary.one_reading",
    guard="trust.recorded",
    fed="a copy of the version in production whose tag of the digest somebody changed",
    stops="canary",
    exit=3,
    reason="the registry says 000000000000…: it was changed",
    untouched="the alias `canary` not set, no server started",
)
def test_a_copy_that_calls_itself_another_gets_no_traffic(desk: Desk) -> None:
    """By its tag alone it would be no copy."""
    line = twins(desk)
    live = TrafficState(stable=Deployed(number=1, digest=desk.registry.get(1).digest))
    write_text(line.traffic, live.model_dump_json())
    desk.registry.client.set_model_version_tag(desk.registry.name, "2", DIGEST, "0" * 64)

    with pytest.raises(Refused, match="the registry says 000000000000…: it was changed") as caught:
        canary(RUN, version=2, stable=1, data=desk.data, evidence=desk.root / "evidence")
    assert is_kept(desk, caught)
    assert desk.registry.resolve("canary") is None
    assert not (desk.root / ".slipway" / "servers").exists()


@pytest.mark.gate(
    "canary.alone",
    fed="a second rollout of one line while another process has its traffic",
    stops="canary",
    exit=3,
    reason="another process has the local traffic",
    untouched="the alias `canary` not set, no server started, the first one's traffic as it was",
)
def test_two_rollouts_do_not_share_the_traffic(desk: Desk) -> None:
    """The second is refused with a record, and disturbs nothing that the first wrote."""
    line = twins(desk)
    traffic = line.traffic
    write_text(traffic, UNDER_WAY.model_dump_json())
    lock = line.traffic_lock
    lock.parent.mkdir(parents=True)

    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        with pytest.raises(Refused, match="another process has the local traffic") as caught:
            canary(RUN, version=2, stable=1, data=desk.data, evidence=desk.root / "evidence")
        first.communicate()

    assert desk.registry.resolve("canary") is None
    assert [("registered", 1), ("registered", 2), ("refused", 2)] == decisions(desk)
    assert is_kept(desk, caught)
    assert TrafficState.model_validate_json(traffic.read_text()) == UNDER_WAY
    assert not (desk.root / ".slipway" / "servers").exists()
