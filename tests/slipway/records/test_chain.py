"""The chain of records as a pure function: what is whole, what is broken, and where."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from slipway.records.chain import judge
from slipway.records.decision import DecisionRecord
from slipway.records.kept import Kept
from slipway.records.seal import hexdigest
from tests.slipway.records.desk import Desk, edited, lived, said
from tests.slipway.report import sample


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A registration, a first version, a refusal and a promotion were kept."""
    return lived(tmp_path / "ours")


@pytest.fixture
def stranger(tmp_path: Path) -> Desk:
    """Somebody whose signature does not count."""
    return Desk(tmp_path / "theirs")


def resealed(one: Kept, **changes: object) -> Kept:
    """Its seal with other content."""
    return replace(one, seal=json.dumps(json.loads(one.seal or b"") | changes).encode())


def test_records_that_nobody_touched_hold(desk: Desk) -> None:
    """Each names the one before; the last one is the only head."""
    found = desk.judged()

    assert found.breaks == ()
    assert list(found.entries) == ["001-r", "002-r", "003-r", "004-r"]
    assert [[link.id for link in one.before] for one in found.entries.values()] == [
        [],
        ["001-r"],
        ["002-r"],
        ["003-r"],
    ]
    assert [link.id for link in found.heads] == ["004-r"]
    assert found.signers == {f"local {desk.key.identity}": 4}


def test_the_order_in_which_they_are_found_is_of_no_matter(desk: Desk) -> None:
    """A folder has none."""
    before = desk.judged()
    desk.kept.reverse()

    assert desk.judged() == before


@pytest.mark.gate(
    "chain.changed",
    fed="a record whose reason was edited, its seal left as it was",
    stops="record",
    exit=1,
    reason="signed",
    untouched="the record is not among those that hold",
)
@pytest.mark.parametrize("place", [0, 3])
def test_an_edited_record_is_named(desk: Desk, place: int) -> None:
    """The newest, which no other record names, as well as an old one."""
    desk.kept[place] = edited(desk.kept[place], reason="it was always so")
    found = desk.judged()

    assert said(found) == [("changed", desk.kept[place].id)]
    assert desk.kept[place].id not in found.entries


@pytest.mark.gate(
    "chain.signature",
    fed="a record that somebody else sealed, and one whose seal was edited to fit",
    stops="record",
    exit=1,
    reason="expected this state folder's",
    untouched="the record is not among those that hold",
)
def test_a_forged_record_is_named(desk: Desk, stranger: Desk) -> None:
    """It names the right past, in the right place."""
    record = sample.record(id="005-r", run="run5", decision="registered", version=9, canary=None)
    forged = stranger.sealed(record, list(desk.judged().heads))
    desk.kept.append(forged)
    found = desk.judged()

    assert said(found) == [("forged", "005-r")]
    assert "expected this state folder's" in found.breaks[0].says
    assert [link.id for link in found.heads] == ["004-r"]


def test_a_seal_that_was_edited_to_fit_is_forged(desk: Desk) -> None:
    """Whatever is changed in it."""
    changed = edited(desk.kept[3], version=1)
    own = resealed(changed, sha256=hexdigest(changed.content), version=1)
    desk.kept[3] = own

    assert said(desk.judged()) == [("forged", "004-r")]


@pytest.mark.parametrize(
    "changes",
    [
        {"decision": "refused"},
        {"version": 1},
        {"replaced": 9},
        {"before": []},
        {"accepts": ["missing 001-r"]},
    ],
)
def test_no_field_of_a_seal_can_be_changed(desk: Desk, changes: dict[str, object]) -> None:
    """It is signed as a whole."""
    desk.kept[3] = resealed(desk.kept[3], **changes)

    assert said(desk.judged()) == [("forged", "004-r")]


@pytest.mark.gate(
    "chain.unsigned",
    fed="a record without a seal, where records have seals",
    stops="record",
    exit=1,
    reason="it has no seal, and no sealed one names it",
    untouched="the record is not among those that hold",
)
def test_a_record_without_a_seal_is_named(desk: Desk) -> None:
    """As a plain MLflow client uploads it; the next honest record does not vouch for it."""
    record = sample.record(id="005-r", run="run5", decision="registered", version=9)
    desk.kept.append(Kept("run5", "005-r", record.model_dump_json().encode(), None))
    desk.now = 5
    desk.keep()
    found = desk.judged()

    assert said(found) == [("unsigned", "005-r")]
    assert found.losses == []
    assert [link.id for link in found.entries["006-r"].before] == ["004-r"]


@pytest.mark.gate(
    "chain.signed",
    fed="a record whose seal nobody has signed",
    stops="record",
    exit=1,
    reason="nobody has signed its seal",
    untouched="the record is not among those that hold",
)
def test_a_seal_without_a_signature_waits_for_one(desk: Desk) -> None:
    """A seal alone is nothing: anybody can make one."""
    desk.kept[3] = resealed(desk.kept[3], signature="")
    found = desk.judged()

    assert said(found) == [("unsigned", "004-r")]
    assert ["004-r"] == [one.id for one in found.waiting]
    assert "004-r" not in found.entries
    assert said(desk.judged(seen=[desk.sealed_link(3)])) == [("unsigned", "004-r"), ("cut", "004-r")]


def test_a_seal_that_was_taken_away_is_told(desk: Desk) -> None:
    """Of a record that another names, and of the newest."""
    desk.kept[1] = replace(desk.kept[1], seal=None)
    desk.kept[3] = replace(desk.kept[3], seal=None)

    assert said(desk.judged()) == [("unsigned", "004-r"), ("changed", "002-r")]


@pytest.mark.gate(
    "chain.seal",
    fed="a seal that is no seal, or a newer slipway's",
    stops="record",
    exit=1,
    reason="upgrade slipway",
    untouched="the record is not among those that hold",
)
def test_a_seal_that_cannot_be_read_is_no_seal(desk: Desk) -> None:
    """A newer slipway's says so."""
    desk.kept[3] = resealed(desk.kept[3], schema_version=2)
    found = desk.judged()

    assert said(found) == [("unsigned", "004-r")]
    assert "upgrade slipway" in found.breaks[0].says


@pytest.mark.gate(
    "chain.missing",
    fed="a chain from which a record in the middle was taken",
    stops="record",
    exit=1,
    reason="as record",
    untouched="the other records hold",
)
@pytest.mark.parametrize("place", [0, 2])
def test_a_removed_record_is_named(desk: Desk, place: int) -> None:
    """By the one that came after it."""
    gone = desk.kept.pop(place)
    found = desk.judged()

    assert said(found) == [("missing", gone.id)]
    assert f"as record {desk.kept[place].id} names it" in found.breaks[0].says


def test_the_newest_is_missed_by_who_saw_it(desk: Desk) -> None:
    """And by nobody else: this is what a chain alone cannot tell."""
    seen = desk.judged().heads
    desk.kept.pop()

    assert said(desk.judged()) == []
    assert said(desk.judged(seen=seen)) == [("cut", "004-r")]


def test_what_was_cut_off_is_missing_everywhere_after_the_next_record(desk: Desk, stranger: Desk) -> None:
    """Who saw it names it in the next record, so everybody misses it from then on."""
    seen = desk.judged().heads
    desk.kept.pop()
    record = sample.record(id="005-r", run="run5", decision="refused")
    desk.kept.append(desk.sealed(record, list(desk.judged(seen=seen).heads)))

    assert said(desk.judged()) == [("missing", "004-r")]


def test_an_older_state_that_is_put_back_is_told(desk: Desk) -> None:
    """The whole store, on a machine that has seen more."""
    early = desk.kept[:2]
    seen = desk.judged().heads
    desk.kept = early

    assert said(desk.judged(seen=seen)) == [("cut", "004-r")]


@pytest.mark.gate(
    "chain.replaced",
    fed="a record that was sealed anew, by whose signature counts, after another had named it",
    stops="record",
    exit=1,
    reason="as record",
    untouched="the record is not among those that hold",
)
def test_who_may_sign_cannot_rewrite_either(desk: Desk) -> None:
    """A key that was stolen makes no other past."""
    record = DecisionRecord.model_validate_json(desk.kept[1].content)
    before = list(desk.judged().entries["002-r"].before)
    desk.kept[1] = desk.sealed(record.model_copy(update={"reason": "it was always so"}), before)
    found = desk.judged()

    assert said(found) == [("changed", "002-r")]
    assert "002-r" not in found.entries


@pytest.mark.gate(
    "chain.place",
    fed="a signed record that was copied to another run, another name, or from another line",
    stops="record",
    exit=1,
    reason="its seal is of",
    untouched="the record does not count twice",
)
def test_a_record_holds_at_its_place_only(desk: Desk) -> None:
    """So none can be moved, doubled, given another's place in the order, or taken from another line."""
    desk.kept.append(replace(desk.kept[0], run="run5"))
    desk.kept.append(replace(desk.kept[1], id="900-r"))
    here = desk.judged()
    elsewhere = judge(desk.kept[:4], "demo.other", desk.signed_by)

    assert said(here) == [("forged", "001-r"), ("forged", "900-r")]
    assert {kind for kind, _ in said(elsewhere)} == {"forged"}
    assert elsewhere.entries == {}


def test_records_that_were_swapped_are_named(desk: Desk) -> None:
    """Each with its seal, or the seals alone."""
    one, two = desk.kept[1], desk.kept[2]
    desk.kept[1:3] = [replace(one, content=two.content), replace(two, content=one.content)]
    assert said(desk.judged()) == [("changed", "002-r"), ("changed", "003-r")]

    desk.kept[1:3] = [replace(one, seal=two.seal), replace(two, seal=one.seal)]
    assert said(desk.judged()) == [("forged", "002-r"), ("forged", "003-r"), ("missing", "003-r")]


def test_two_who_write_at_once_make_branches_that_the_next_record_joins(desk: Desk) -> None:
    """No lock, and nothing is broken; from then on neither can be removed."""
    common = list(desk.kept)
    one, two = desk.keep(over=common), desk.keep(over=common)
    assert {link.id for link in desk.judged().heads} == {one.id, two.id}
    desk.keep()
    found = desk.judged()

    assert (said(found), len(found.heads)) == ([], 1)
    desk.kept.remove(one)
    assert said(desk.judged()) == [("missing", one.id)]


@pytest.mark.gate(
    "chain.fork",
    fed="two signed moves of production that do not know of each other",
    stops="record",
    exit=1,
    reason="it moved production without knowing of",
    untouched="nothing",
)
def test_two_moves_of_production_are_no_two_branches(desk: Desk) -> None:
    """A store was put back, production moved again, and the rest was put beside it."""
    earlier = desk.kept[:3]
    desk.keep("promote", 3, over=earlier, replaced=1)

    assert said(desk.judged()) == [("fork", "005-r")]


def test_a_move_that_comes_after_a_lost_record_is_no_fork(desk: Desk) -> None:
    """What that one knew is not known."""
    desk.kept.pop(2)

    assert said(desk.judged()) == [("missing", "003-r")]


@pytest.mark.parametrize("size", [0, 1, 40])
def test_what_a_killed_process_left_is_no_record(desk: Desk, size: int) -> None:
    """A seal without a whole record, and a whole record never lies there without its seal."""
    before = desk.judged()
    one = desk.keep()
    desk.kept[-1] = replace(one, content=one.content[:size])

    assert desk.judged() == before


def test_what_is_accepted_is_told_and_breaks_nothing(desk: Desk) -> None:
    """A signed record says so; another break is one."""
    desk.kept.pop(1)
    record = sample.record(id="005-r", run="run5", decision="accepted", version=None)
    desk.kept.append(desk.sealed(record, list(desk.judged().heads), ["missing 002-r"]))
    found = desk.judged()
    desk.kept.pop(1)

    assert ([], [("missing", "002-r")]) == (said(found), [(one.kind, one.of) for one in found.accepted])
    assert said(desk.judged()) == [("missing", "003-r")]
