"""Who was stopped while moving production, and goes on once another one moved it, undoes its late writes."""

import pytest

from slipway.base.errors import Refused
from slipway.records.decision import DecisionRecord
from slipway.registry.turns.shared import SharedTurns
from slipway.registry.versions import Registry
from slipway.rollout.promotion import Promoter
from tests.slipway.rollout.moves import OneServer, production, promoter, record
from tests.slipway.team.values import Values


class Team:
    """Promoters of one line, who share a lease that lapses at once, and the traffic."""

    def __init__(self, registry: Registry) -> None:
        self.registry, self.target, self.store = registry, OneServer(), Values()
        self.move("first", 1, None)

    def promoter(self) -> Promoter:
        """One that counts too seldom to keep a turn."""
        found = promoter(self.registry, self.target)
        found.turns = SharedTurns(self.store, self.registry.name, beat_s=1000, lapse_s=0.02)
        return found

    def move(self, decision: str, version: int, replaced: int | None) -> DecisionRecord:
        """Carry out a decision, over what somebody may have left."""
        made = record(self.registry, decision, version, replaced)
        self.promoter().recover()
        self.promoter().move(made)
        return made


def stopped_before(patch: pytest.MonkeyPatch, owner: object, name: str, meanwhile: object) -> None:
    """Let something happen before the first call of a method, which then goes on."""
    real, happened = getattr(owner, name), []

    def late(*arguments: object) -> object:
        if not happened:
            happened.append(True)
            meanwhile()  # type: ignore[operator]
        return real(*arguments)

    patch.setattr(owner, name, late)


@pytest.mark.gate(
    "promote.outlived",
    fed="a process that is stopped while it moves production, and goes on once another one has moved it",
    stops="promote",
    exit=3,
    reason="another one has the turn; what it left was put back",
    untouched="aliases, traffic and records are those of the other one",
)
@pytest.mark.parametrize("place", ["shift", "point"])
def test_late_writes_are_undone(clean: Registry, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the traffic moves the other one drops the move, after that it finishes it, before its own."""
    team = Team(clean)
    over = 1 if place == "shift" else 2
    owner = team.target if place == "shift" else clean
    stopped_before(monkeypatch, owner, place, lambda: team.move("promote", 3, over))

    said = r"another one has the turn to move production of .*; what it left was put back"
    with pytest.raises(Refused, match=said):
        team.promoter().move(record(clean, "promote", 2, 1))
    assert (production(clean), team.target.version) == ((3, over), 3)
    assert team.promoter().turns.look().outlived is None


def test_a_move_that_the_other_one_finished_is_no_refusal(
    clean: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It did nothing of its own."""
    team = Team(clean)
    stopped_before(monkeypatch, clean, "point", lambda: team.promoter().recover())
    team.promoter().move(record(clean, "promote", 2, 1))
    assert (production(clean), team.target.version) == ((2, 1), 2)


@pytest.mark.parametrize("late", [True, False])
def test_who_was_killed_on_late_writes_is_undone_by_the_next(
    clean: Registry, late: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But what people have moved by hand is for them to explain."""
    team = Team(clean)

    def overtaken() -> None:
        team.move("promote", 3, 2)
        clean.client.set_registered_model_alias(clean.name, "production", "2" if late else "4")
        raise KeyboardInterrupt

    stopped_before(monkeypatch, clean, "point", overtaken)
    with pytest.raises(KeyboardInterrupt):
        team.promoter().move(record(clean, "promote", 2, 1))
    monkeypatch.undo()
    said = team.promoter().recover()
    assert said == ("a promote of version 2 had outlived its turn and was undone" if late else None)
    assert production(clean) == ((3, 2) if late else (4, 2))
