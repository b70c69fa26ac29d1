"""The local target: two real servers, the file that says where traffic goes, and a lock."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from slipway.base.errors import Refused, SlipwayError
from slipway.release import servers
from slipway.rollout.call import Call
from slipway.rollout.reply import read_answer
from slipway.rollout.stop import StopRequest
from slipway.rollout.target import Deployed, Target, TrafficState
from slipway.rollout.targets import bind
from slipway.rollout.targets.local import LocalPlacement, Start
from slipway.rollout.targets.local_lease import LocalLease
from slipway.rollout.traffic import Answer
from slipway.settings import load_card
from tests.slipway.rollout.live import Live, traffic
from tests.slipway.root import ROOT

HOLDING = """
import os, sys
from pathlib import Path
from slipway.rollout.target import Deployed
from slipway.rollout.targets import bind
from slipway.settings import Line
from slipway.settings.root import Project
target = bind(Line(Project(Path(sys.argv[1])), "ad_click", "small"))
with target.lease.held(), target.placement.trial(Deployed(number=2, digest=sys.argv[2]), "e"):
    target.placement.set_weight(10)
    if sys.argv[3] == "killed":
        os.kill(os.getpid(), 9)
    if sys.argv[3] == "holding":
        print("holding", flush=True)
        sys.stdin.read()
        target.placement.set_weight(0)
"""
"""The second version on trial in a process that is killed, or waits, or ends well."""
ASKING = """
import os, sys
from pathlib import Path
from slipway.rollout.stop import StopRequest
from slipway.settings import load_card
from slipway.settings import Line
from slipway.settings.root import Project
with StopRequest(Line(Project(Path(sys.argv[1])), "ad_click", "small")).made("robots", 0):
    os.kill(os.getpid(), 9)
"""


@pytest.fixture(autouse=True)
def clean(live: Live) -> Iterator[None]:
    """Nothing is live at first; no server is left at last."""
    live.line.traffic.unlink(missing_ok=True)
    yield
    assert servers.running(live.project) == []


def make_stable(live: Live, version: Deployed) -> Target:
    """Traffic of the line goes to a version."""
    path = live.line.traffic
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(TrafficState(stable=version).model_dump_json(), encoding="utf-8")
    return bind(live.line)


def now(live: Live) -> TrafficState | None:
    """Where traffic goes."""
    return bind(live.line).placement.state()


def run(live: Live, script: str, how: str = "") -> int:
    """Run a script with the project and the second version to its end; its exit status."""
    command = [sys.executable, "-c", script, str(live.project.root), live.second.digest or "", how]
    return subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, check=False).returncode


def test_each_arm_answers_by_its_version(live: Live, tmp_path: Path) -> None:
    """Many calls at once, a reply to each in the order of the calls."""
    make_stable(live, live.first)
    placement = LocalPlacement(live.line)
    offers = traffic(live.card, tmp_path, 40).offers(0, 40)
    with placement.settle(), placement.trial(live.second, "e"):
        calls = [Call("canary" if place % 3 else "stable", offer.body) for place, offer in enumerate(offers)]
        replies = placement.send(calls, lambda: False)
        expected = [2 if place % 3 else 1 for place in range(40)]

    task = load_card(ROOT, "ad_click").task
    assert all(
        isinstance(read_answer(reply, 4, version, task), Answer)
        for reply, version in zip(replies, expected, strict=True)
    )


def test_an_error_inside_ends_servers_and_canary(live: Live) -> None:
    """Also of a canary that has its share."""
    target = make_stable(live, live.first)
    with suppress(ZeroDivisionError), target.lease.held(), target.placement.trial(live.second, "e"):
        target.placement.set_weight(25)
        target.placement.set_weight(25 // len([]))

    assert servers.running(live.project) == []
    assert now(live) == TrafficState(stable=live.first)


def test_a_canary_that_does_not_start_leaves_nothing(live: Live) -> None:
    """The stable server, which did start, is ended too."""
    target, none = make_stable(live, live.first), Deployed(number=9, digest="9")
    with pytest.raises(SlipwayError, match="no such Bento"), target.placement.trial(none, "e"):
        pass

    assert servers.running(live.project) == []
    assert now(live) == TrafficState(stable=live.first)


@pytest.mark.long
def test_a_killed_run_is_cleaned_up_by_the_next(live: Live) -> None:
    """Its canary has no traffic any more, and its servers are ended."""
    target = make_stable(live, live.first)
    killed = run(live, HOLDING, "killed")
    left, before = servers.running(live.project), now(live)
    with target.lease.held():
        reverted = now(live)

    assert (killed, len(left)) == (-9, 2)
    assert before is not None
    assert before.weight == 10
    assert reverted == TrafficState(stable=live.first)
    assert servers.running(live.project) == []


def test_a_canary_that_has_proven_itself_keeps_its_server(live: Live) -> None:
    """From the process of the trial to that of the promotion: nothing is started for the shift."""
    make_stable(live, live.first)
    assert run(live, HOLDING) == 0
    [left] = servers.running(live.project)
    placement = LocalPlacement(live.line, start=refused)
    with placement.settle():
        placement.shift(live.second)
        answering, [adopted] = placement.answering(), servers.running(live.project)

    assert (left.version, left.pid, answering) == (2, adopted.pid, 2)
    assert adopted.owner == os.getpid() != left.owner
    assert now(live) == TrafficState(stable=live.second)


@pytest.mark.long
def test_what_a_canary_left_is_ended_where_nothing_comes_of_it(live: Live) -> None:
    """By the next that has the traffic; and a shift to another version does not use it."""
    make_stable(live, live.first)
    for shifts in (False, True):
        assert run(live, HOLDING) == 0
        assert len(servers.running(live.project)) == 1
        target = bind(live.line)
        with target.lease.held():
            if shifts:
                target.placement.shift(live.first)
                assert target.placement.answering() == 1
        assert servers.running(live.project) == []


@pytest.mark.long
def test_a_server_that_was_left_and_does_not_answer_is_not_used(live: Live) -> None:
    """A new one is started in its place."""
    make_stable(live, live.first)
    assert run(live, HOLDING) == 0
    [left] = servers.running(live.project)
    servers.stop(live.project, left)
    target = bind(live.line)
    with target.lease.held():
        target.placement.shift(live.second)
        assert target.placement.answering() == 2


def refused(*_: object, **__: object) -> servers.Server:
    """No server is started."""
    raise AssertionError("a third server")


def test_a_request_to_stop_ends_with_its_maker(live: Live) -> None:
    """A killed one leaves its file, and nobody obeys that."""
    asked = StopRequest(live.line)
    with asked.made("robots", 0):
        found = asked.found()

    assert run(live, ASKING) == -9
    assert asked.reason.is_file()
    assert (found, asked.found(), asked.reason.is_file()) == ("robots", None, False)


@pytest.mark.long
def test_who_asks_for_the_traffic_of_a_dead_canary_has_it(live: Live) -> None:
    """There is nobody to wait for."""
    make_stable(live, live.first)
    placement = LocalPlacement(live.line)

    assert run(live, HOLDING, "killed") == -9
    with LocalLease(live.line, placement.settle, release_s=0).held(stop="robots"):
        assert now(live) == TrafficState(stable=live.first)


@pytest.mark.gate(
    "rollback.traffic",
    fed="a rollback of a line whose traffic another process has and does not give up",
    stops="rollback",
    exit=3,
    reason="still has the local traffic",
    untouched="the canary of the other process keeps its traffic",
)
def test_a_holder_that_does_not_let_go_is_named(live: Live) -> None:
    """By its process id, after a bounded time, and nothing is taken from it."""
    make_stable(live, live.first)
    command = [
        sys.executable,
        "-c",
        HOLDING,
        str(live.project.root),
        live.second.digest or "",
        "holding",
    ]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, text=True, **pipes) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "holding\n"
        asking = LocalLease(live.line, LocalPlacement(live.line).settle, release_s=0.1)
        said = rf"another process \({holder.pid}\) still has the local traffic"
        with pytest.raises(Refused, match=said), asking.held("robots"):
            pass
        during = now(live)

    assert during is not None
    assert during.canary == live.second
    assert asking.stop_asked() is None
    assert now(live) == TrafficState(stable=live.first)


@pytest.mark.parametrize(
    ("digest", "start", "said"),
    [
        (None, servers.start, r"holds version 2, expected 5"),
        pytest.param("5" * 64, servers.start, r"holds version 2, expected 5", marks=pytest.mark.long),
        (
            None,
            lambda project, tag, number, **known: servers.start(project, tag, min(number, 2), **known),
            r"version 2 answers, not 5",
        ),
    ],
)
def test_a_bento_of_another_version_gets_no_traffic(
    live: Live, digest: str | None, start: Start, said: str
) -> None:
    """What it holds is read before it is started, and its server is asked before the file is written."""
    make_stable(live, live.first)
    placement = LocalPlacement(live.line, start)
    with placement.settle():
        with pytest.raises(SlipwayError, match=said):
            placement.shift(Deployed(number=5, digest=digest, bento=f"{live.line.bento}:2"))
        answering = placement.answering()

    assert answering == 1
    assert now(live) == TrafficState(stable=live.first)


@pytest.mark.gate(
    "shift.digest",
    fed="a shift to a version whose Bento here holds other bits than its digest says",
    stops="promote",
    exit=1,
    reason="holds a version with the digest",
    untouched="no server started, no traffic shifted",
)
def test_the_digest_says_what_is_served(live: Live) -> None:
    """A Bento of the right number and other bits is not it."""
    target = make_stable(live, live.first)
    other = Deployed(number=2, digest=live.first.digest)
    with pytest.raises(SlipwayError, match=r"holds a version with the digest .*, expected .*; delete"):
        target.placement.shift(other)
    assert now(live) == TrafficState(stable=live.first)


@pytest.mark.long
def test_what_was_live_before_digests_is_served(live: Live) -> None:
    """As it was written down then, by the tag of its Bento; what follows is named by its digest."""
    path = live.line.traffic
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'{{"schema_version": 1, "stable": {{"number": 1, "bento": "{live.line.bento}:1"}}}}')
    target = bind(live.line)
    with target.lease.held():
        assert target.placement.answering() == 1
        target.placement.shift(live.second)
    assert now(live) == TrafficState(stable=live.second)
