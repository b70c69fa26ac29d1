"""`production` moves in three ways only, and in one order."""

import pytest

from slipway.base.errors import Refused
from slipway.registry.versions import Registry
from tests.slipway.report import sample
from tests.slipway.rollout.moves import OneServer, kept, production, promoter, record


def gate(code: str, fed: str, stops: str = "promote") -> pytest.MarkDecorator:
    """The row of a rule for moves of production."""
    return pytest.mark.gate(
        code,
        fed=fed,
        stops=stops,
        exit=3,
        reason=code,
        untouched="production not moved, no traffic shifted",
    )


EARNED = pytest.mark.gate(
    "promote.earned",
    fed="a promotion without a canary, or by a canary that was lost or was another version's",
    stops="promote",
    exit=3,
    reason="promote.earned",
    untouched="production not moved, no traffic shifted",
)


def test_first_then_promote_then_rollback(clean: Registry) -> None:
    """The whole life of an alias; the record of each move is kept with its run."""
    target = OneServer()
    move = promoter(clean, target).move
    move(record(clean, "first", 1, None))
    assert (1, None) == production(clean)
    move(record(clean, "promote", 2, 1))
    assert (2, 1) == production(clean)
    back = record(clean, "rollback", 1, 2)
    move(back)

    assert (1, None) == production(clean)
    assert target.version == 1
    assert clean.get(2).barred == back.reason
    assert "rollback" == kept(clean, back).decision


def test_a_rollback_takes_staging_from_what_it_bars(clean: Registry) -> None:
    """Also from the same bits under another number; another version stays staged."""
    target, found = OneServer(), []
    for staged in (2, 4, 3):
        for number in (1, 2):
            clean.clear(number)
        move, target.version = promoter(clean, target).move, 2
        clean.point("previous", 1)
        clean.point("production", 2)
        clean.point("staging", staged)
        move(record(clean, "rollback", 1, 2))
        found.append(clean.resolve("staging"))

    assert found == [None, None, 3]


REFUSED = [
    pytest.param(
        3,
        ("promote", 2, 1),
        {},
        "production.unmoved",
        marks=gate(
            "production.unmoved", "a promotion whose canary ran against a version that is live no more"
        ),
    ),
    pytest.param(
        1,
        ("promote", 1, 1),
        {},
        "version.new",
        marks=gate(
            "version.new", "a move to the version that is in production, or to its bits under another number"
        ),
    ),
    pytest.param(2, ("promote", 4, 2), {}, "version.new", marks=pytest.mark.gate("version.new")),
    pytest.param(
        1,
        ("promote", 2, 1),
        {"version_digest": "another"},
        "version.digest",
        marks=gate("version.digest", "a version whose bits are not those that were judged"),
    ),
    pytest.param(1, ("promote", 2, 1), {"canary": None}, "promote.earned", marks=EARNED),
    pytest.param(
        1,
        ("promote", 2, 1),
        {"canary": sample.aborted().canary},
        "promote.earned",
        marks=pytest.mark.gate("promote.earned"),
    ),
    pytest.param(
        1,
        ("promote", 2, 1),
        {"canary": sample.canary()},
        "promote.earned",
        marks=pytest.mark.gate("promote.earned"),
    ),
    pytest.param(
        1,
        ("promote", 2, 1),
        {"checks": sample.gate_checks(better=False)},
        "checks.passed",
        marks=gate(
            "checks.passed", "a promotion by a record in which a check of gate, smoke or canary failed"
        ),
    ),
    pytest.param(
        1,
        ("first", 2, 1),
        {},
        "first.nothing_live",
        marks=gate("first.nothing_live", "a first version where one is live, by alias or by traffic"),
    ),
    pytest.param(
        1,
        ("rollback", 2, 1),
        {},
        "rollback.previous",
        marks=gate("rollback.previous", "a rollback to a version that is not `previous`", "rollback"),
    ),
    pytest.param(
        1,
        ("registered", 2, 1),
        {},
        "decision.moves",
        marks=gate("decision.moves", "a decision that is neither first nor promote nor rollback"),
    ),
]


@pytest.mark.parametrize(("live", "decision", "changes", "code"), REFUSED)
def test_a_forbidden_move_changes_nothing(
    clean: Registry, live: int, decision: tuple[str, int, int | None], changes: dict[str, object], code: str
) -> None:
    """Each rule stops it alone; no alias and no traffic moves, and no intent is left."""
    promoter(clean, OneServer()).move(record(clean, "first", live, None))
    target = OneServer(live)
    moving = promoter(clean, target)

    with pytest.raises(Refused) as refused:
        moving.move(record(clean, *decision).model_copy(update=changes))
    assert [code] == [part.split(":")[0] for part in str(refused.value).split("; ")]
    assert (live, None) == production(clean)
    assert target.version == live
    assert not moving.registry.line.intent.exists()


@pytest.mark.gate(
    "promote.version",
    fed="a move by a record that names no version",
    stops="promote",
    exit=3,
    reason="record ID names no version",
    untouched="production not moved, no traffic shifted",
)
def test_a_record_without_a_version_moves_nothing(clean: Registry) -> None:
    """Such as that of a refused training."""
    target = OneServer()
    moving = promoter(clean, target)
    with pytest.raises(Refused, match="names no version"):
        moving.move(record(clean, "promote", 2, 1).model_copy(update={"version": None}))

    assert (None, None) == production(clean)
    assert target.version is None
    assert not moving.registry.line.intent.exists()


@gate("rollback.reason", "a rollback whose record gives no reason", "rollback")
def test_a_rollback_gives_its_reason(clean: Registry) -> None:
    """It is what bars the version."""
    target = OneServer()
    promoter(clean, target).move(record(clean, "first", 1, None))
    promoter(clean, target).move(record(clean, "promote", 2, 1))

    with pytest.raises(Refused, match=r"rollback\.reason"):
        promoter(clean, target).move(record(clean, "rollback", 1, 2).model_copy(update={"reason": " "}))
    assert (2, 1) == production(clean)
    assert target.version == 2
    assert clean.get(2).barred is None


@gate(
    "version.not_barred", "a version that a rollback barred, or one with the same bits under another number"
)
@pytest.mark.parametrize("number", [2, 4])
def test_a_barred_version_gets_no_traffic(clean: Registry, number: int) -> None:
    """Until somebody clears it; the same bits under another number are the same bits."""
    clean.bar(2, "sold ads to cats")
    target = OneServer()

    with pytest.raises(Refused, match="sold ads to cats"):
        promoter(clean, target).move(record(clean, "first", number, None))
    assert (None, None) == production(clean)
    assert target.version is None


@pytest.mark.gate("first.nothing_live")
def test_nothing_is_first_where_traffic_flows(clean: Registry) -> None:
    """A registry that was lost does not make live traffic nobody's."""
    target = OneServer(3)

    with pytest.raises(Refused, match=r"first\.nothing_live"):
        promoter(clean, target).move(record(clean, "first", 1, None))
    assert (None, None) == production(clean)
    assert target.version == 3
