"""What a machine keeps of one registry says nothing about another."""

from pathlib import Path

import pytest

from slipway.base.errors import Refused
from slipway.release.bento import bento_path
from slipway.rollout import targets
from slipway.rollout.status import look
from slipway.rollout.target import Deployed, TrafficState
from slipway.settings import Line
from slipway.settings.root import Project
from tests.slipway.stages.conftest import Desk
from tests.slipway.stages.shared import share, trained


def line(desk: Desk) -> Line:
    """Of the desk, in whichever registry the environment names."""
    return Line(Project(desk.root), "ad_click", "small")


def test_a_shared_registry_is_not_held_against_the_traffic_of_a_laptop(
    desk: Desk, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is live here is of the embedded registry, and so are its Bentos, locks and moves."""
    own = line(desk)
    own.traffic.parent.mkdir(parents=True)
    own.traffic.write_text(TrafficState(stable=Deployed(number=7, digest="d")).model_dump_json())
    assert [text for text in look(desk.registry).problems if "traffic" in text] == [
        "the alias production is None, production traffic goes to 7"
    ]
    ours = own.intent, own.lock, own.traffic, own.traffic_lock, own.last, bento_path(own.project, "b:1")

    registry = trained(desk, share(desk, database, tmp_path, monkeypatch))
    registry.client.set_registered_model_alias(registry.name, "production", "1")
    found, there = look(registry), line(desk)
    assert (found.target, found.production, found.stable) == (None, 1, None)
    assert [text for text in found.problems if "traffic" in text] == []
    theirs = there.intent, there.lock, there.traffic, there.traffic_lock, there.last
    assert not {*ours} & {*theirs, bento_path(there.project, "b:1")}
    assert targets.traffic(there) is None


@pytest.mark.gate(
    "target.bound",
    fed="traffic of a registry to which project.yaml binds no target",
    stops="smoke",
    exit=3,
    reason="targets: none is bound to the registry",
    untouched="no server started, no alias moved",
)
def test_without_a_target_there_is_no_traffic(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not this machine's for want of another."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://team")
    with pytest.raises(Refused, match="targets: none is bound to the registry of ad_click-small"):
        targets.bind(line(desk))


def test_an_address_names_one_registry_whoever_asks(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password that is changed loses no state, and another server has its own."""
    found = []
    for uri in ("https://team/", "https://ann:one@team", "https://other"):  # pragma: allowlist secret
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        found.append(Project(desk.root).kept)
    assert found[0] == found[1] != found[2]
