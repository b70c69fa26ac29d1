"""The local target: two real servers and the file that says where traffic goes."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.base.errors import Refused, SlipwayError
from slipway.release import servers
from slipway.rollout.local import LocalTarget, Start, state
from slipway.rollout.stop import StopRequest
from slipway.rollout.target import Call, Deployed, TrafficState, read_answer
from slipway.rollout.traffic import Answer
from tests.slipway.rollout.live import Live, traffic
from tests.slipway.root import ROOT

KILLED = """
import os, sys
from pathlib import Path
from slipway.settings import Line
from slipway.settings.root import Project
from slipway.rollout.local import LocalTarget
from slipway.rollout.target import Deployed
canary = Deployed(number=2, bento=sys.argv[2])
with LocalTarget(Line(Project(Path(sys.argv[1])), "ad_click", "small"), canary, "e") as target:
    target.set_weight(10)
    os.kill(os.getpid(), 9)
"""


@pytest.fixture(autouse=True)
def clean(live: Live) -> Iterator[None]:
    """Nothing is live at first; no server is left at last."""
    live.line.traffic.unlink(missing_ok=True)
    yield
    assert servers.running(live.project) == []


HOLDING = """
import sys
from pathlib import Path
from slipway.settings import Line
from slipway.settings.root import Project
from slipway.rollout.local import LocalTarget
from slipway.rollout.target import Deployed
canary = Deployed(number=2, bento=sys.argv[2])
with LocalTarget(Line(Project(Path(sys.argv[1])), "ad_click", "small"), canary, "e"):
    print("holding", flush=True)
    sys.stdin.read()
"""
ASKING = """
import os, sys
from pathlib import Path
from slipway.settings import Line
from slipway.settings.root import Project
from slipway.rollout.stop import StopRequest
with StopRequest(Line(Project(Path(sys.argv[1])), "ad_click", "small")).made("robots", 0):
    os.kill(os.getpid(), 9)
"""


def make_stable(live: Live, version: Deployed) -> None:
    """Traffic of the line goes to a version."""
    path = live.line.traffic
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(TrafficState(stable=version).model_dump_json(), encoding="utf-8")


def target(live: Live, canary: Deployed | None = None, start: Start = servers.start) -> LocalTarget:
    """The local target of the line."""
    return LocalTarget(live.line, canary, "experiment", start)


def now(live: Live) -> TrafficState | None:
    """Where traffic goes."""
    return state(live.line)


def test_each_arm_answers_by_its_version(live: Live, tmp_path: Path) -> None:
    """Many calls at once, a reply to each in the order of the calls."""
    make_stable(live, live.first)
    offers = traffic(live.card, tmp_path, 40).offers(0, 40)
    with target(live, live.second) as both:
        calls = [Call("canary" if place % 3 else "stable", offer.body) for place, offer in enumerate(offers)]
        replies = both.serve(calls, lambda: False)
        expected = [2 if place % 3 else 1 for place in range(40)]

    assert all(
        isinstance(read_answer(reply, 4, version), Answer)
        for reply, version in zip(replies, expected, strict=True)
    )


def test_the_state_shows_the_canary_while_it_lives(live: Live) -> None:
    """And no longer: its servers end with the target, so its traffic does."""
    make_stable(live, live.first)
    with target(live, live.second) as both:
        both.set_weight(25)
        during = now(live)

    assert during == TrafficState(stable=live.first, canary=live.second, weight=25, experiment="experiment")
    assert now(live) == TrafficState(stable=live.first)


def test_an_error_inside_ends_servers_and_canary(live: Live) -> None:
    """Whatever happens in the block."""
    make_stable(live, live.first)
    with pytest.raises(ZeroDivisionError), target(live, live.second) as both:
        both.set_weight(25 // len([]))

    assert servers.running(live.project) == []
    assert now(live) == TrafficState(stable=live.first)


def test_a_canary_that_does_not_start_leaves_nothing(live: Live) -> None:
    """The stable server, which did start, is ended too."""
    make_stable(live, live.first)
    with pytest.raises(SlipwayError, match="no such Bento"), target(live, Deployed(number=9, bento="no:9")):
        pass

    assert servers.running(live.project) == []
    assert now(live) == TrafficState(stable=live.first)


def test_there_is_no_canary_where_nothing_is_live(live: Live) -> None:
    """There is no stable arm to compare with."""
    with pytest.raises(SlipwayError, match="nothing is live"), target(live, live.second):
        pass

    assert now(live) is None


def test_a_killed_run_is_cleaned_up_by_the_next(live: Live) -> None:
    """Its servers are ended and its canary has no traffic any more."""
    make_stable(live, live.first)
    killed = run(live, KILLED)
    left, before = servers.running(live.project), now(live)
    with target(live):
        after, reverted = servers.running(live.project), now(live)

    assert killed == -9
    assert (len(left), len(after)) == (2, 0)
    assert before is not None
    assert before.weight == 10
    assert reverted == TrafficState(stable=live.first)


def test_two_processes_do_not_share_a_line(live: Live) -> None:
    """The second is refused and changes nothing."""
    make_stable(live, live.first)
    with target(live), pytest.raises(Refused, match="another process"), target(live, live.second):
        pass

    assert now(live) == TrafficState(stable=live.first)


def run(live: Live, script: str) -> int:
    """Run a script with the project and the second Bento to its end; its exit status."""
    command = [sys.executable, "-c", script, str(live.project.root), live.second.bento]
    return subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, check=False).returncode


def test_a_request_to_stop_ends_with_its_maker(live: Live) -> None:
    """A killed one leaves its file, and nobody obeys that."""
    asked = StopRequest(live.line)
    with asked.made("robots", 0):
        found = asked.found()

    assert run(live, ASKING) == -9
    assert asked.reason.is_file()
    assert (found, asked.found(), asked.reason.is_file()) == ("robots", None, False)


def test_who_asks_for_the_traffic_of_a_dead_canary_has_it(live: Live) -> None:
    """There is nobody to wait for."""
    make_stable(live, live.first)

    assert run(live, KILLED) == -9
    with LocalTarget(live.line, stop="robots", release_s=0):
        assert now(live) == TrafficState(stable=live.first)
        assert servers.running(live.project) == []


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
    command = [sys.executable, "-c", HOLDING, str(live.project.root), live.second.bento]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, text=True, **pipes) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "holding\n"
        asking = LocalTarget(live.line, stop="robots", release_s=0.1)
        with pytest.raises(Refused, match=rf"another process \({holder.pid}\) still has the local traffic"):
            asking.__enter__()
        during = now(live)

    assert during is not None
    assert during.canary == live.second
    assert asking.stop_asked() is None
    assert now(live) == TrafficState(stable=live.first)


def test_a_shift_is_answered_by_the_new_version(live: Live) -> None:
    """Asked of the server, not of the file."""
    make_stable(live, live.first)
    with target(live) as traffic_target:
        before = traffic_target.answering()
        traffic_target.shift(2, live.second.bento)
        after = traffic_target.answering()

    assert (before, after) == (1, 2)
    assert now(live) == TrafficState(stable=live.second)


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (servers.start, r"holds version 2, expected 5"),
        (
            lambda project, tag, number: servers.start(project, tag, min(number, 2)),
            r"version 2 answers, not 5",
        ),
    ],
)
def test_a_bento_of_another_version_gets_no_traffic(live: Live, start: Start, said: str) -> None:
    """What it holds is read before it is started, and its server is asked before the file is written."""
    make_stable(live, live.first)
    with target(live, start=start) as traffic_target:
        with pytest.raises(SlipwayError, match=said):
            traffic_target.shift(5, live.second.bento)
        answering = traffic_target.answering()

    assert answering == 1
    assert now(live) == TrafficState(stable=live.first)


def test_a_shift_can_be_undone(live: Live) -> None:
    """The version before it answers again."""
    make_stable(live, live.first)
    with target(live) as traffic_target:
        traffic_target.shift(2, live.second.bento)
        traffic_target.restore()

        assert traffic_target.answering() == 1
    assert now(live) == TrafficState(stable=live.first)


def test_only_a_shift_can_be_undone(live: Live) -> None:
    """Else the traffic of a live version would be forgotten."""
    make_stable(live, live.first)
    with target(live) as traffic_target, pytest.raises(SlipwayError, match="no shift to undo"):
        traffic_target.restore()

    assert now(live) == TrafficState(stable=live.first)


def test_a_shift_to_what_does_not_start_changes_nothing(live: Live) -> None:
    """Traffic moves only to a server that is ready."""
    make_stable(live, live.first)
    with target(live) as traffic_target, pytest.raises(SlipwayError, match="no such Bento"):
        traffic_target.shift(9, "no:9")

    assert now(live) == TrafficState(stable=live.first)


def test_nothing_answers_where_nothing_is_live(live: Live) -> None:
    """No number, and no server is started to find out."""
    with target(live) as traffic_target:
        assert traffic_target.answering() is None


def test_a_weight_needs_a_canary(live: Live) -> None:
    """There is nothing to send traffic to."""
    make_stable(live, live.first)
    with target(live) as traffic_target, pytest.raises(SlipwayError, match="no canary"):
        traffic_target.set_weight(10)
