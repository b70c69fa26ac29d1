"""What was added to a chain is told and takes nothing away; what is gone does."""

from dataclasses import replace
from pathlib import Path

import pytest

from slipway.records.kept import Kept
from tests.slipway.records.desk import Desk, lived, said


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Four records were kept."""
    return lived(tmp_path / "ours")


@pytest.fixture
def stranger(tmp_path: Path) -> Desk:
    """Somebody whose signature does not count."""
    return Desk(tmp_path / "theirs")


@pytest.mark.gate(
    "chain.tag",
    fed="an ended run whose tag names a record of which only the signed seal is there",
    stops="record",
    exit=1,
    reason="ended and its tag names it",
    untouched="the other records hold",
)
def test_a_seal_without_its_record_is_missed(desk: Desk) -> None:
    """If its run ended; else it was killed between the two."""
    desk.kept[-1] = replace(desk.kept[-1], content=b"")

    assert said(desk.judged()) == []
    assert said(desk.judged(ended={"run4": "004-r"})) == [("missing", "004-r")]
    assert desk.judged(ended={"run4": "004-r"}).losses


@pytest.mark.gate(
    "chain.tag_added",
    fed="an ended run of a stranger whose tag names a record that nobody ever kept",
    stops="record",
    exit=1,
    reason="but no seal of it lies there",
    untouched="nothing counts as lost, so nobody is stopped",
)
def test_a_tag_alone_takes_nothing_away(desk: Desk, stranger: Desk) -> None:
    """Nor does it with a seal of somebody who does not count."""
    ended = {"run9": "999-r"}
    assert said(desk.judged(ended=ended)) == [("absent", "999-r")]
    desk.kept.append(replace(stranger.keep(run="run9", id="999-r"), content=b""))

    assert said(desk.judged(ended=ended)) == [("forged", "999-r")]
    assert desk.judged(ended=ended).losses == []


@pytest.mark.gate(
    "chain.readable",
    fed="a record that is a pipe, a folder, a link or too large",
    stops="record",
    exit=1,
    reason="why it could not be read",
    untouched="the other records hold",
)
def test_what_cannot_be_read_is_told_and_takes_nothing_away(desk: Desk) -> None:
    """Unless it was one that was kept."""
    desk.kept.append(Kept("run9", "999-r", b"", None, fault="found no regular file"))
    assert said(desk.judged()) == [("unsigned", "999-r")]
    assert desk.judged().losses == []
    desk.kept[1] = replace(desk.kept[1], content=b"", fault="found no regular file")

    assert ("missing", "002-r") in said(desk.judged())
