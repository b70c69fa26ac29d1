"""Who has the traffic: one at a time, found dead by nobody's clock but one's own."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from slipway.base.errors import Refused
from slipway.rollout.targets.cluster.api import Api
from slipway.rollout.targets.cluster.lease import TrafficLease
from tests.slipway.cluster.server import Server, serving

PATH = "/apis/coordination.k8s.io/v1/namespaces/models/leases/demo-traffic"
Make = Callable[..., TrafficLease]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Server, Make]]:
    """An API server, and what makes leases that are renewed often."""

    def lease(lapse_s: float = 30.0, release_s: float = 30.0) -> TrafficLease:
        return TrafficLease(Api("models"), "demo-traffic", nullcontext, lapse_s, 0.05, release_s)

    with serving(tmp_path) as (server, path):
        monkeypatch.setenv("KUBECONFIG", str(path))
        yield server, lease


@pytest.mark.gate(
    "cluster.alone",
    fed="a rollout on a cluster while another process has the traffic of the line",
    stops="canary",
    exit=3,
    reason="who, where and in which process has the traffic",
    untouched="nothing of the one that has it is changed",
)
def test_one_has_the_traffic(made: tuple[Server, Make]) -> None:
    """The other is refused as soon as the first has renewed, and may have it afterwards."""
    server, lease = made
    said: list[str] = []

    def second() -> None:
        try:
            with lease().held():
                said.append("has it")
        except Refused as error:
            said.append(str(error))

    # Beside this thread, so that one that waits for ever would be told too.
    other = threading.Thread(target=second)
    with lease().held():
        other.start()
        other.join(10)
        assert server.objects[PATH]["spec"]["leaseTransitions"] == 1
    other.join()
    assert len(said) == 1
    assert re.search(r"Lease models/demo-traffic: .* \(process \d+, \w+\) has the traffic", said[0])
    with lease().held():
        assert server.objects[PATH]["spec"]["leaseTransitions"] == 2


def test_who_wrote_first_has_it(made: tuple[Server, Make]) -> None:
    """Two that saw the same are told apart by the server's 409; a renewal that meets one comes again."""
    server, lease = made
    one, other = lease(), lease()
    assert one._written(None, one.holder, taken=True)
    assert not other._written(None, other.holder, taken=True)
    seen = other._read()
    assert one._written(one._read(), one.holder)
    assert not other._written(seen, other.holder, taken=True)
    assert server.objects[PATH]["spec"]["holderIdentity"] == one.holder


def test_a_note_is_gone_with_whoever_had_the_traffic(made: tuple[Server, Make]) -> None:
    """The holder reads it by its renewals, and no renewal loses one."""
    _, lease = made
    people = lease()
    with (one := lease()).held():
        people.write("pause", "a holiday")
        _reached(lambda: one.note("pause") == "a holiday")
        one.write("waiting", "for ann")
        _reached(lambda: one.note("waiting") == "for ann")
        assert (people.note("pause"), people.note("waiting")) == ("a holiday", "for ann")
        people.write("pause", None)
        _reached(lambda: one.note("pause") is None)
    with lease().held():
        assert people.note("waiting") is None


def test_who_stopped_renewing_is_gone(made: tuple[Server, Make]) -> None:
    """After the time that its Lease says, by the clock of whoever waits; what it was asked is forgotten."""
    server, lease = made
    dead = {"holderIdentity": "somebody", "renewTime": "2099-01-01T00:00:00.0Z", "leaseDurationSeconds": 1}
    server.write(
        PATH, {"metadata": {"name": "demo-traffic", "annotations": {"slipway/stop": "x"}}, "spec": dead}
    )
    begun = time.monotonic()
    with (one := lease()).held():
        assert time.monotonic() - begun >= 1
        assert one.stop_asked() is None
        assert server.objects[PATH]["spec"]["holderIdentity"] == one.holder


def test_a_holder_is_asked_and_lets_go(made: tuple[Server, Make]) -> None:
    """It learns why, and whoever asks has the traffic then."""
    _, lease = made
    one, other = lease(), lease()
    heard: list[str | None] = []

    def hold() -> None:
        with one.held():
            began.set()
            while one.stop_asked() is None:
                time.sleep(0.01)
            heard.append(one.stop_asked())

    began = threading.Event()
    holding = threading.Thread(target=hold)
    holding.start()
    assert began.wait(60)
    with other.held("ann rolls back"):
        assert other.stop_asked() is None
    holding.join()
    assert heard == ["ann rolls back"]


def test_a_holder_that_does_not_let_go_is_named(made: tuple[Server, Make]) -> None:
    """After the time that it has."""
    _, lease = made
    impatient = lease(release_s=0.1).held("now")
    with lease().held(), pytest.raises(Refused, match="after 0 s of being asked to stop"), impatient:
        pass


@pytest.mark.gate(
    "cluster.lease_lost",
    fed="a process that was stopped for longer than its Lease lasts, and goes on",
    stops="canary",
    exit=3,
    reason="not renewed for so many seconds, or not held",
    untouched="no object of the line is written by it any more",
)
def test_who_has_lost_it_knows(made: tuple[Server, Make]) -> None:
    """By its own clock where the server is away; by the Lease where somebody else has it; and without one."""
    server, lease = made
    with pytest.raises(Refused, match="or not held"):
        lease().require()
    with (one := lease(lapse_s=0.3)).held():
        one.require()
        server.faults = [(403, {})] * 1000
        time.sleep(0.5)
        with pytest.raises(Refused, match=r"not renewed for 0.3 s"):
            one.require()
        assert one.stop_asked() is not None
        server.faults = []
    with (two := lease()).held():
        server.write(PATH, server.objects[PATH] | {"spec": {"holderIdentity": "another", "renewTime": "x"}})
        _reached(lambda: two.stop_asked() is not None)
        with pytest.raises(Refused):
            two.require()
    assert server.objects[PATH]["spec"]["holderIdentity"] == "another"


def test_a_dead_holder_is_told_and_a_living_one_is_not(made: tuple[Server, Make]) -> None:
    """Neither by a clock that is ahead, nor where nobody has it."""
    server, lease = made
    assert lease().left() is None
    dead = {"holderIdentity": "ann", "renewTime": "2020-01-01T00:00:00.0Z", "leaseDurationSeconds": 1}
    server.write(PATH, {"metadata": {"name": "demo-traffic"}, "spec": dead})
    said = str(lease().left())
    assert said.startswith("Lease models/demo-traffic: ann has the traffic and has not renewed it since 20")
    with lease().held():
        assert lease().left() is None
        looker = lease()
        looker.beat_s = 0.5
        late = threading.Thread(target=lambda: told.append(looker.left()))
        told: list[str | None] = []
        # As a clock that is behind would write it; the next renewal shows that its holder lives.
        server.write(PATH, _written_at(server, "2020-01-01T00:00:00.0Z"))
        late.start()
        late.join()
    assert told == [None]
    assert lease().left() is None


def _written_at(server: Server, moment: str) -> dict:
    found = server.objects[PATH]
    return found | {"spec": found["spec"] | {"renewTime": moment}}


def test_what_was_left_is_settled_first(made: tuple[Server, Make]) -> None:
    """And what the block leaves, afterwards; both while it is held."""
    _, lease = made
    seen: list[str] = []
    one = lease()

    @contextmanager
    def settle() -> Iterator[None]:
        one.require()
        seen.append("before")
        yield
        one.require()
        seen.append("after")

    one.settle = settle
    with one.held():
        seen.append("block")
    assert seen == ["before", "block", "after"]


def _reached(what: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not what():
        assert time.monotonic() < end
        time.sleep(0.01)
