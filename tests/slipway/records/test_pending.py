"""A move of production that nobody has signed yet: it says where production is, and nothing else."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from slipway.base.errors import Refused
from slipway.records.chain import judge
from slipway.records.explained import (
    State,
    barred,
    lived,
    production,
    require_no_unsigned,
    require_signed,
    unexplained,
)
from slipway.records.kept import Chain, Kept
from slipway.records.seal import Link, hexdigest
from tests.slipway.records.desk import LINE, Desk, said
from tests.slipway.records.desk import lived as two_lived


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Version 2 was promoted over 1, and all of it is signed."""
    made = two_lived(tmp_path / "ours")
    made.keep("registered", 3)
    return made


def moved(desk: Desk, decision: str, version: int, replaced: int, leased: Link | None = None) -> Link:
    """Keep a move of production that is not signed, as on a shared registry; as the lease names it."""
    before = list(desk.judged(leased=leased).before(decision))
    desk.keep(decision, version, replaced=replaced)
    made = desk.kept[-1]
    seal = json.dumps(
        json.loads(made.seal or b"") | {"signature": "", "before": [one.model_dump() for one in before]}
    ).encode()
    desk.kept[-1] = replace(made, seal=seal)
    return Link(id=made.id, sha256=hexdigest(seal))


def signed(desk: Desk, place: int) -> Kept:
    """A record whose signature came later."""
    from slipway.records.seal import Seal

    one = desk.kept[place]
    seal = Seal.model_validate_json(one.seal or b"")
    return replace(one, signature=desk.key.sign(seal.statement()))


def state(live: int, before: int | None) -> State:
    """What the aliases say, of a registry of which nothing else is looked at."""
    return State(production=live, previous=before, versions=[])


def told(chain: Chain, live: int, before: int | None) -> Sequence[str]:
    """What of that nothing explains."""
    return [one.of for one in unexplained(chain, state(live, before))]


def test_the_last_move_says_where_production_is(desk: Desk) -> None:
    """Though it is not signed: the lease names its seal. It proves nothing of the version."""
    leased = moved(desk, "promote", 3, 2)
    found = desk.judged(leased=leased)

    assert production(found) == (3, 2)
    assert told(found, 3, 2) == []
    assert said(found) == [("unsigned", "006-r")]
    assert (list(found.losses), 3 in lived(found), "006-r" in found.entries) == ([], False, False)
    assert "its seal waits to be signed; until then only a rollback follows" in found.breaks[0].says


def test_a_rollback_follows_at_once_and_is_signed_later(desk: Desk) -> None:
    """Each names the one before it, so once both are signed, in whichever order, they are one history."""
    promoted = moved(desk, "promote", 3, 2)
    back = moved(desk, "rollback", 2, 3, promoted)
    found = desk.judged(leased=back)

    assert [one.id for one in found.pending] == ["006-r", "007-r"]
    assert production(found) == (2, None)
    assert list(barred(found)) == ["digest3"]
    desk.kept[-1] = signed(desk, -1)
    later = desk.judged()
    assert (said(later), [one.id for one in later.pending]) == ([("unsigned", "006-r")], ["006-r"])
    assert later.losses == []
    desk.kept[-2] = signed(desk, -2)
    assert said(desk.judged(leased=back)) == []


def test_what_is_no_move_names_what_is_signed(desk: Desk) -> None:
    """A signature that never comes takes nothing but the move with it."""
    leased = moved(desk, "promote", 3, 2)
    found = desk.judged(leased=leased)

    assert [one.id for one in found.before("refused")] == ["005-r"]
    assert [one.id for one in found.before("rollback")] == ["006-r"]


@pytest.mark.gate(
    "promote.signed",
    fed="a promotion after a move of production that nobody has signed yet",
    stops="promote",
    exit=3,
    reason="which record moved production and is not signed yet; only a rollback may follow",
    untouched="nothing packaged, no traffic shifted, no alias moved",
)
def test_what_has_to_earn_production_waits(desk: Desk) -> None:
    """A rollback does not ask; and what no lease names is no move, so it keeps nobody waiting."""
    leased = moved(desk, "promote", 3, 2)

    with pytest.raises(Refused, match="record 006-r moved production and is not signed yet"):
        require_signed(desk.judged(leased=leased), LINE)
    require_signed(desk.judged(), LINE)
    desk.kept[-1] = signed(desk, -1)
    require_signed(desk.judged(leased=leased), LINE)


def test_whoever_writes_an_unsigned_record_moves_nothing(desk: Desk) -> None:
    """It is not what the lease names; aliases that say the same are told, and no version has lived by it."""
    promoted = moved(desk, "promote", 3, 2)
    moved(desk, "rollback", 1, 3, promoted)  # by somebody else: the lease still names the promotion
    found = desk.judged(leased=promoted)

    assert production(found) == (3, 2)
    assert told(found, 1, None) == ["alias production", "alias previous"]
    [advice, _] = unexplained(found, state(1, None))
    assert "record 007-r would put it there, and nobody has signed it" in advice.back
    assert [one.id for one in found.pending] == ["006-r"]


@pytest.mark.parametrize("changed", ["decision", "version", "before"])
def test_an_unsigned_seal_that_was_changed_is_lost(desk: Desk, changed: str) -> None:
    """The lease knows what it was."""
    leased = moved(desk, "promote", 3, 2)
    seal = json.loads(desk.kept[-1].seal or b"")
    other = {"decision": "first", "version": 1, "before": []}[changed]
    desk.kept[-1] = replace(desk.kept[-1], seal=json.dumps(seal | {changed: other}).encode())

    assert said(desk.judged(leased=leased)) == [("unsigned", "006-r"), ("cut", "006-r")]
    assert production(desk.judged(leased=leased)) == (2, 1)


def test_a_signature_that_counts_for_nothing_stops_nobody(desk: Desk, tmp_path: Path) -> None:
    """Anybody may lay one beside it; the record is as good as unsigned."""
    leased = moved(desk, "promote", 3, 2)
    stranger = Desk(tmp_path / "theirs")
    desk.kept[-1] = replace(desk.kept[-1], signature=stranger.key.sign(b"anything"))
    found = desk.judged(leased=leased)

    assert said(found) == [("forged", "006-r")]
    assert (list(found.losses), production(found)) == ([], (3, 2))


def test_a_move_that_was_removed_is_lost(desk: Desk) -> None:
    """Nobody signed it, but the lease names it."""
    leased = moved(desk, "promote", 3, 2)
    lost = judge(desk.kept[:-1], LINE, desk.signed_by, leased=leased)

    assert [(one.kind, one.of, one.says.partition(", ")[2]) for one in lost.losses] == [
        ("cut", "006-r", "as the lease of the line names it")
    ]


@pytest.mark.gate(
    "recover.unsigned",
    fed="`slipway recover` where production stands as a record says that is neither signed nor leased",
    stops="rollback",
    exit=3,
    reason="which record, that nobody has signed it, and what to do",
    untouched="no alias moved, no traffic shifted",
)
def test_an_unsigned_move_is_not_undone(desk: Desk) -> None:
    """The lease may be lost, and the move a rollback: the signed records would put the bad version back."""
    moved(desk, "rollback", 1, 2)
    found = desk.judged()

    with pytest.raises(Refused, match=r"record 006-r would put it there, and nobody has signed it.*MLflow$"):
        require_no_unsigned(found, 1, LINE)
    require_no_unsigned(found, 2, LINE)
