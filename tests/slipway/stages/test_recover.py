"""`slipway recover`: aliases as recorded, and `staging` where a kill came between a record and the alias."""

import json

import pytest

from slipway.base.errors import Refused, SlipwayError
from slipway.cli import jobs, move
from slipway.cli.console import Teller
from slipway.registry.versions import Registry
from slipway.rollout.target import Deployed, TrafficState
from slipway.stages.recover import settle
from slipway.stages.register import register
from tests.slipway.stages.conftest import RUN, Desk


@pytest.fixture
def lived(desk: Desk) -> Desk:
    """Version 1 is live, and 2 was registered by a process that was killed before it staged it."""
    register(RUN, **desk.files)
    desk.goes_live(1)
    line = desk.registry.line
    one = Deployed(number=1, digest=desk.registry.get(1).digest)
    line.traffic.parent.mkdir(parents=True)
    line.traffic.write_text(TrafficState(stable=one).model_dump_json())
    desk.retrain()
    desk.register_twin()
    desk.registry.point("staging", None)
    return desk


def aliases(registry: Registry) -> list[int | None]:
    """Production, previous and staging."""
    return [registry.resolve(one) for one in ("production", "previous", "staging")]


def test_what_the_records_say_is_put_back(lived: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever somebody moved; a second time there is nothing to do."""
    registry = lived.registry
    registry.client.set_registered_model_alias(registry.name, "production", "2")
    registry.client.set_registered_model_alias(registry.name, "previous", "2")
    done = settle(registry.line)
    move.recover(as_json=True)

    assert done == [
        "the alias production was on version 2 and is on version 1 again",
        "the alias previous was on version 2 and is not set again",
        "version 2 was registered and is staged now",
    ]
    assert aliases(registry) == [1, None, 2]
    assert json.loads(capsys.readouterr().out) == {"ad_click-small": []}


@pytest.mark.gate("chain.intact")
def test_nothing_is_put_back_by_records_that_are_not_those_that_were_kept(lived: Desk) -> None:
    """One that is lost may have moved production: the others would lead back behind it."""
    registry = lived.registry
    [first] = [one for one in registry.records() if one.decision == "first"]
    registry.client.set_registered_model_alias(registry.name, "production", "2")
    path = registry.artifact(first.run or "", f"records/{first.id}.json")
    path.write_text(path.read_text().replace("nothing was live", "it was better"))

    with pytest.raises(Refused, match="its decision records are not those that were kept"):
        settle(registry.line)
    assert aliases(registry) == [2, None, None]


def test_the_next_training_and_rollout_stage_what_a_kill_left(lived: Desk) -> None:
    """Before they look for data, of which there is none here."""
    registry = lived.registry
    for command in (
        lambda: jobs.train(registry.line, "WORKSPACE", "all", Teller(quiet=True)),
        lambda: move.rollout(size="small", as_json=True),
    ):
        registry.point("staging", None)
        with pytest.raises(SlipwayError, match=r"dvc\.lock at WORKSPACE: no split"):
            command()
        assert aliases(registry) == [1, None, 2]


def test_a_barred_version_is_not_staged(lived: Desk) -> None:
    """Nobody may roll it out."""
    lived.registry.bar(2, "robots")

    assert settle(lived.registry.line) == []
    assert lived.registry.resolve("staging") is None
