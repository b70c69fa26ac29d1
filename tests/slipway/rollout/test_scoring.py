"""Copies of requests: what both versions would answer, many requests to one body."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import orjson
import pytest

from slipway.rollout.call import Call
from slipway.rollout.client import Reply
from slipway.rollout.scoring import Scoring
from slipway.rollout.target import Over, Trial
from slipway.rollout.traffic import Traffic
from slipway.settings import load_card
from slipway.system import load_system
from tests.slipway.rollout.live import write_replay, write_truth
from tests.slipway.root import ROOT

TRIAL = Trial(1, 2, "e")
REQUESTS = 40
NOTHING_OVER = lambda: False  # noqa: E731


@dataclass
class Desk:
    """Answers by price: version 1 the dearest first, version 2 the same but for some requests.

    Attributes:
        turned: the ids of the requests that version 2 answers the other way round.
        spoils: the ids of requests that version 2 cannot answer, nor any body with one of them.
        silent: version 2 says nothing at all.
    """

    turned: set[int] = field(default_factory=set)
    spoils: set[int] = field(default_factory=set)
    silent: bool = False
    sent: list[tuple[str, int]] = field(default_factory=list)

    def send(self, calls: Sequence[Call], over: Over) -> list[Reply]:
        """One reply to each."""
        assert all(call.copy for call in calls)
        return [self._reply(call) for call in calls]

    def _reply(self, call: Call) -> Reply:
        tensors = {one["name"]: one["data"] for one in orjson.loads(call.body)["inputs"]}
        ids = tensors["request_id"]
        self.sent.append((call.arm, len(ids)))
        if call.arm == "canary" and self.silent:
            return Reply(0, b"timed out", 1.0)
        if call.arm == "canary" and self.spoils & set(ids):
            return Reply(500, b"cannot", 1.0)
        other = self.turned if call.arm == "canary" else set()
        scores = [
            -views if one in other else views for one, views in zip(ids, tensors["ad_views"], strict=True)
        ]
        version = str(TRIAL.versions[call.arm])
        outputs = [{"name": "score", "data": scores}]
        return Reply(200, orjson.dumps({"model_version": version, "outputs": outputs}), 1.0)


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> Traffic:
    """Requests of four options each, whose reward is known."""
    folder = tmp_path_factory.mktemp("traffic")
    write_replay(folder, REQUESTS)
    write_truth(folder, np.full(4 * REQUESTS, 0.2))
    return Traffic.load(load_card(ROOT, "ad_click"), load_system("ad_click", ROOT), folder, seed=0)


def differs(
    traffic: Traffic, desk: Desk, span: tuple[int, int] = (0, REQUESTS), over: Over = NOTHING_OVER
) -> set[int]:
    """The places that are answered differently."""
    found = Scoring(traffic, desk.send, most_rows=50).differs(TRIAL, span, over)
    return {span[0] + place for place in np.flatnonzero(found).tolist()}


def ids(traffic: Traffic, *places: int) -> set[int]:
    """The ids of requests."""
    return {traffic.requests["request_id"][int(traffic.bounds[place])].as_py() for place in places}


def varied(traffic: Traffic, *places: int) -> set[int]:
    """Those of the places whose options are not all alike, so that turning them shows another one."""
    every, bounds = traffic.requests["ad_views"].to_numpy(), traffic.bounds
    views = {place: every[bounds[place] : bounds[place + 1]] for place in places}
    return {place for place, seen in views.items() if seen.argmax() != (-seen).argmax()}


def test_a_copy_is_sent_to_both_versions_many_to_a_body(traffic: Traffic) -> None:
    """As many requests as a body may have rows, and of each version the same ones."""
    desk = Desk()

    assert differs(traffic, desk) == set()
    assert desk.sent == [(arm, rows) for arm in ("stable", "canary") for rows in (48, 48, 48, 16)]


def test_another_option_first_is_a_difference(traffic: Traffic) -> None:
    """And no other request is touched by it."""
    expected = varied(traffic, 3, 17)

    assert expected
    assert differs(traffic, Desk(turned=ids(traffic, 3, 17))) == expected
    assert differs(traffic, Desk(turned=ids(traffic, 3, 17)), (10, 30)) == expected & set(range(10, 30))


def test_a_copy_that_fails_differs(traffic: Traffic) -> None:
    """A body that fails is halved until the request is found that spoils it."""
    desk = Desk(spoils=ids(traffic, 5))

    assert differs(traffic, desk) == {5}
    assert ("canary", 4) in desk.sent


def test_a_silent_version_is_not_asked_again(traffic: Traffic) -> None:
    """All its requests count as answered differently."""
    desk = Desk(silent=True)

    assert differs(traffic, desk) == set(range(REQUESTS))
    assert len([arm for arm, _ in desk.sent if arm == "canary"]) == 4


def test_when_it_is_over_nothing_is_sent(traffic: Traffic) -> None:
    """What was not scored may differ."""
    desk = Desk()

    assert differs(traffic, desk, over=lambda: True) == set(range(REQUESTS))
    assert desk.sent == []
    assert differs(traffic, desk, (4, 4)) == set()
