"""A move of production that was killed or failed is finished, dropped or left to people; two do not meet."""

import pytest
from filelock import FileLock

from slipway.base.errors import Refused, SlipwayError
from slipway.registry.versions import Registry
from slipway.rollout.promotion import Intent
from slipway.rollout.target import Deployed
from tests.slipway.rollout.moves import OneServer, kept, production, promoter, record


@pytest.mark.parametrize("line", range(5))
def test_a_rollback_killed_at_any_line_is_finished(
    clean: Registry, line: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was done of it is done again, and the rest too."""
    target = OneServer()
    promoter(clean, target).move(record(clean, "first", 1, None))
    promoter(clean, target).move(record(clean, "promote", 2, 1))
    moving, done = promoter(clean, target), []

    def killed(step: str) -> None:
        done.append(step)
        if len(done) > line:
            raise KeyboardInterrupt

    for owner, name in ((clean, "bar"), (clean, "point"), (moving, "keep")):
        real = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *a, real=real, name=name: (killed(name), real(*a)))
    with pytest.raises(KeyboardInterrupt):
        moving.move(record(clean, "rollback", 1, 2))
    monkeypatch.undo()

    assert "was finished" in (promoter(clean, target).recover() or "")
    assert (1, None) == production(clean)
    assert clean.get(2).barred


@pytest.mark.gate(
    "traffic.follows",
    fed="a shift that the traffic does not follow: another version answers",
    stops="promote",
    exit=1,
    reason="answers, not",
    untouched="production not moved, the traffic sent back",
)
def test_traffic_that_does_not_follow_is_sent_back(clean: Registry) -> None:
    """Aliases follow the traffic, never the intention."""
    promoter(clean, OneServer()).move(record(clean, "first", 1, None))
    target = OneServer(1, deaf=True)
    moving = promoter(clean, target)

    with pytest.raises(SlipwayError, match="version 1 answers, not 2"):
        moving.move(record(clean, "promote", 2, 1))
    assert (1, None) == production(clean)
    assert target.version == 1
    assert not moving.registry.line.intent.exists()


def test_a_shift_that_fails_leaves_nothing(clean: Registry) -> None:
    """A server that does not start is no move that was begun."""
    promoter(clean, OneServer()).move(record(clean, "first", 1, None))
    target = OneServer(1)
    moving = promoter(clean, target)

    def broken(version: Deployed) -> None:
        raise SlipwayError(f"version {version.number}: it does not start")

    target.shift = broken  # type: ignore[method-assign]
    with pytest.raises(SlipwayError, match="it does not start"):
        moving.move(record(clean, "promote", 2, 1))
    assert (1, None) == production(clean)
    assert not moving.registry.line.intent.exists()


def test_a_move_killed_after_the_shift_is_finished(clean: Registry) -> None:
    """Traffic is the fact: the aliases and the record follow on the next start."""
    promoter(clean, OneServer()).move(record(clean, "first", 1, None))
    moving = promoter(clean, OneServer(2))
    half = record(clean, "promote", 2, 1)
    moving.registry.line.intent.write_text(Intent(record=half).model_dump_json())

    assert "was finished" in (moving.recover() or "")
    assert (2, 1) == production(clean)
    assert "promote" == kept(clean, half).decision
    assert moving.recover() is None


def test_a_move_killed_before_the_shift_is_dropped(clean: Registry) -> None:
    """Nothing had happened, and nothing does."""
    promoter(clean, OneServer()).move(record(clean, "first", 1, None))
    moving = promoter(clean, OneServer(1))
    moving.registry.line.intent.write_text(Intent(record=record(clean, "promote", 2, 1)).model_dump_json())

    assert "was dropped" in (moving.recover() or "")
    assert (1, None) == production(clean)


@pytest.mark.gate(
    "recovery.one_side",
    fed="a move that was killed, and then traffic on neither side of it",
    stops="promote",
    exit=1,
    reason="was begun over",
    untouched="production not moved, the intent kept",
)
@pytest.mark.parametrize("answering", [3, None])
def test_traffic_on_neither_side_is_for_people(clean: Registry, answering: int | None) -> None:
    """Finishing or dropping the move would both be guesses."""
    promoter(clean, OneServer()).move(record(clean, "first", 1, None))
    moving = promoter(clean, OneServer(answering))
    moving.registry.line.intent.write_text(Intent(record=record(clean, "promote", 2, 1)).model_dump_json())

    with pytest.raises(SlipwayError, match="a promote of version 2 was begun over version 1, but"):
        moving.recover()
    assert (1, None) == production(clean)
    assert moving.registry.line.intent.exists()
    moving.registry.line.intent.unlink()


@pytest.mark.gate(
    "promote.alone",
    fed="a move while another process moves production of the line",
    stops="promote",
    exit=3,
    reason="another process is moving production",
    untouched="production not moved, no traffic shifted",
)
def test_two_promoters_do_not_meet(clean: Registry) -> None:
    """The second is refused while the first holds the lock."""
    target = OneServer()
    moving = promoter(clean, target)
    clean.line.lock.parent.mkdir(parents=True, exist_ok=True)

    with FileLock(clean.line.lock), pytest.raises(Refused, match="another process"):
        moving.move(record(clean, "first", 1, None))
    assert (None, None) == production(clean)
    assert target.version is None
