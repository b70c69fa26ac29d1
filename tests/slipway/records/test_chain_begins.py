"""Where the chain of records begins: records from before there were seals."""

from dataclasses import replace
from pathlib import Path

from slipway.records.kept import Kept
from tests.slipway.records.desk import Desk, edited, lived, said
from tests.slipway.report import sample


def older(run: str, name: str, **changes: object) -> Kept:
    """A record from before there were seals."""
    record = sample.record(id=name, run=run, decision="registered", version=1, **changes)
    return Kept(run, name, record.model_dump_json().encode(), None)


def test_older_records_are_where_the_chain_begins(tmp_path: Path) -> None:
    """Nothing vouches for them until the first sealed record names them, all, by their digests."""
    desk = Desk(tmp_path)
    desk.kept = [older("a", "000-a"), older("b", "000-b")]
    waiting = desk.judged()
    desk.keep()
    found = desk.judged()

    assert (said(waiting), waiting.begun, waiting.older) == ([], False, 2)
    assert (said(found), found.begun, found.older) == ([], True, 2)
    assert [link.id for link in found.entries["001-r"].before] == ["000-a", "000-b"]
    desk.kept[0] = edited(desk.kept[0], reason="it was always so")
    desk.kept.append(older("c", "000-c"))
    assert said(desk.judged()) == [("unsigned", "000-c"), ("changed", "000-a")]
    desk.kept.pop(1)
    assert ("missing", "000-b") in said(desk.judged())


def test_a_chain_that_was_taken_away_does_not_begin_again(tmp_path: Path) -> None:
    """Where it was seen: unsealed records count for nothing."""
    desk = lived(tmp_path)
    seen = desk.judged().heads
    desk.kept = [older("a", "000-a")]

    assert said(desk.judged(seen=seen)) == [("unsigned", "000-a"), ("cut", "004-r")]


def test_an_older_record_holds_at_its_place_only(tmp_path: Path) -> None:
    """It has no seal to say where it belongs, and says so itself."""
    desk = Desk(tmp_path)
    desk.kept = [
        older("a", "000-a"),
        replace(older("a", "000-a"), run="b"),
        replace(older("a", "000-b"), id="000-c"),
    ]

    assert said(desk.judged()) == [("forged", "000-a"), ("forged", "000-c")]
