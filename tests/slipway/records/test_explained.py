"""What the records of a line do not explain of its registry, as a pure function."""

from dataclasses import replace
from pathlib import Path

import pytest

from slipway.records.explained import Held, State, Verdict, staged, unexplained
from slipway.records.kept import Break
from tests.slipway.records.desk import Desk, lived


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A registration, a first version, a refusal and a promotion were kept."""
    return lived(tmp_path / "ours")


def explained(desk: Desk, **changes: object) -> list[tuple[str, str]]:
    """What the records do not explain of a registry with one version, changed so."""
    held = Held(1, "digest1", "run1", None, {"001-r": "registered"})
    whole = State(production=2, previous=1, versions=[held])
    state = replace(whole, **{key: value for key, value in changes.items() if hasattr(whole, key)})
    version = {key: value for key, value in changes.items() if not hasattr(whole, key)}
    state = replace(state, versions=[replace(state.versions[0], **version), *state.versions[1:]])  # type: ignore[arg-type]
    return [(one.of, one.says) for one in unexplained(desk.judged(), state)]


def test_records_explain_what_they_led_to(desk: Desk) -> None:
    """And a registry that holds that and no more has nothing to explain."""
    assert explained(desk) == []


@pytest.mark.gate(
    "explained.alias",
    fed="an alias that was moved by hand",
    stops="record",
    exit=1,
    reason="alias production: found",
    untouched="nothing",
)
@pytest.mark.parametrize("alias", ["production", "previous"])
@pytest.mark.parametrize("moved", [None, 7])
def test_an_alias_that_was_moved_by_hand_is_told(desk: Desk, alias: str, moved: int | None) -> None:
    """Unless a move is under way, which sets aliases before it keeps its record."""
    [(of, says)] = explained(desk, **{alias: moved})

    assert (of, says) == (
        f"alias {alias}",
        f"found {moved}, expected {2 if alias == 'production' else 1}, as record 004-r says",
    )
    assert explained(desk, **{alias: moved, "moving": True}) == []


@pytest.mark.gate(
    "explained.version",
    fed="a version that no record registered",
    stops="record",
    exit=1,
    reason="0 `registered` records that hold",
    untouched="nothing",
)
def test_a_version_without_a_record_is_told(desk: Desk) -> None:
    """Somebody registered it by hand, or was killed."""
    assert explained(desk, number=3, tags={}) == [
        ("version 3", "found 0 `registered` records that hold, expected 1; delete it if a kill left it")
    ]


@pytest.mark.gate(
    "explained.stage",
    fed="a version that MLflow's own stages call production",
    stops="record",
    exit=1,
    reason="found stage Production, expected none",
    untouched="nothing",
)
def test_a_stage_of_mlflow_is_told(desk: Desk) -> None:
    """It has no effect here, and who set it thinks that it has."""
    assert explained(desk, stage="Production") == [("version 1", "found stage Production, expected none")]


def test_what_somebody_did_in_mlflow_is_told_with_the_way_back(desk: Desk) -> None:
    """Its button makes a copy under a number of its own, and its page moves aliases."""
    copy = Held(2, "digest1", "run1", None, {}, source="models:/demo.ad_click/1")
    held = Held(1, "digest1", "run1", None, {"001-r": "registered"})
    found = unexplained(desk.judged(), State(production=2, previous=7, versions=[held, copy]))

    assert [one.of for one in found] == ["version 2", "alias previous"]
    assert found[0].back.startswith(
        "MLflow's Promote copied it from models:/demo.ad_click/1; that moved no traffic"
    )
    assert "`slipway recover` puts it on version 1 again" in found[1].back


@pytest.mark.gate(
    "explained.digest",
    fed="a version whose digest or run was changed",
    stops="record",
    exit=1,
    reason="as record 001-r says",
    untouched="nothing",
)
@pytest.mark.parametrize("changes", [{"digest": "other"}, {"run": "other"}])
def test_a_version_that_was_exchanged_is_told(desk: Desk, changes: dict[str, str]) -> None:
    """Its number stays, its bits do not."""
    [(of, says)] = explained(desk, **changes)

    assert (of, says.endswith("as record 001-r says")) == ("version 1", True)


@pytest.mark.gate(
    "explained.tag",
    fed="a version with a tag that names a record which is not of it",
    stops="record",
    exit=1,
    reason="tag",
    untouched="nothing",
)
@pytest.mark.parametrize("tags", [{"009-r": "promote"}, {"001-r": "promote"}, {"004-r": "promote"}])
def test_a_tag_of_no_record_is_told(desk: Desk, tags: dict[str, str]) -> None:
    """A record without a tag is what a kill leaves."""
    assert [of for of, _ in explained(desk, tags=tags)] == ["version 1"]
    assert explained(desk, tags={}) == []


@pytest.mark.gate(
    "explained.bar",
    fed="a version whose bar was taken away, though a record had set it",
    stops="record",
    exit=1,
    reason="no bar",
    untouched="nothing",
)
def test_a_bar_is_set_and_taken_away_by_records_alone(desk: Desk) -> None:
    """And lies on a version or on a twin of it."""
    assert [says for _, says in explained(desk, barred="by hand")] == [
        "found barred: by hand, expected no bar, for no record set one"
    ]
    desk.keep("rollback", 3, replaced=1)
    back = {"production": 3, "previous": None}
    twin = Held(2, "digest1", "run1", "loud", {})

    assert [says for of, says in explained(desk, **back)] == [
        "found no bar, expected the one that record 005-r set"
    ]
    assert explained(desk, barred="it is loud", **back) == []
    both = [Held(1, "digest1", "run1", None, {}), twin]
    assert [of for of, says in explained(desk, versions=both, **back) if "bar" in says] == []
    desk.keep("cleared", 1)
    assert explained(desk, **back) == []


def test_the_line_of_a_verdict_says_how_many_hold_and_who_signed(desk: Desk) -> None:
    """And how many are broken."""
    whole = Verdict(desk.judged(), [])
    broken = Verdict(desk.judged(), [Break("unexplained", "alias production", "found 7")])

    assert str(whole) == f"4 decision records verified, 4 signed by local {desk.key.identity}"
    assert str(broken) == f"{whole}; 1 BROKEN"


def test_no_hint_leads_back_from_a_record_that_is_lost(desk: Desk) -> None:
    """It may have moved the alias; once somebody has written down that it is lost, the others count."""
    chain, state = desk.judged(), State(production=2, previous=1, versions=[])
    lost = Break("changed", "004-r", "other bytes")
    older = replace(chain, entries={name: one for name, one in chain.entries.items() if name != "004-r"})
    before = unexplained(replace(older, breaks=(lost,)), state)
    accepted = unexplained(replace(older, accepted=(lost,)), state)

    assert [one.back for one in before] == ["", ""]
    assert accepted[0].back.startswith("no record that holds put it there; `slipway recover` puts it on ver")


def test_staging_is_for_what_was_registered_last_until_something_is_decided_about_it(desk: Desk) -> None:
    """A version that was rolled out, refused or barred since is not staged again."""
    chain = desk.judged()
    [entry] = [one for one in chain.entries.values() if one.decision == "registered"]
    alone = replace(chain, entries={entry.id: entry})
    later = replace(entry, kept=replace(entry.kept, id="999-r"), version=9, digest="digest9")
    after = replace(chain, entries=dict(chain.entries) | {"999-r": later})

    assert staged(chain) is None
    assert (staged(alone), staged(after)) == (entry.version, 9)
    assert staged(replace(chain, entries={})) is None
