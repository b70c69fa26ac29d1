"""What was in production at a moment, out of the records alone."""

from datetime import UTC, datetime, timedelta

import pytest

from slipway.base.errors import UsageError
from slipway.records.decision import DecisionRecord, record_id
from slipway.records.history import Past, as_of, behind, moment, told
from tests.slipway.report import sample

START = datetime(2026, 1, 10, 12, tzinfo=UTC)
NOW = datetime(2026, 12, 1, tzinfo=UTC)
LIFE = (
    ("registered", 1, None),
    ("first", 1, None),
    ("registered", 2, 1),
    ("promote", 2, 1),
    ("refused", 3, 2),
    ("abort", 4, 2),
    ("inconclusive", 4, 2),
    ("rollback", 1, 2),
)


def life() -> list[DecisionRecord]:
    """One decision a day, each at noon."""
    return [
        sample.record(
            id=f"{day}", at=START + timedelta(days=day), decision=one, version=version, replaced=live
        )
        for day, (one, version, live) in enumerate(LIFE)
    ]


def past_of(records: list[DecisionRecord], at: datetime) -> Past:
    """A moment of one line."""
    return as_of(records, at, system="ad_click", size="small", now=NOW)


@pytest.mark.parametrize(
    ("day", "production", "record"),
    [
        (-1, None, None),
        (0, None, None),
        (1, 1, "1"),
        (2, 1, "1"),
        (3, 2, "3"),
        (6, 2, "3"),
        (7, 1, "7"),
        (99, 1, "7"),
    ],
)
def test_only_moves_change_production(day: int, production: int | None, record: str | None) -> None:
    """Registrations, refusals and lost canaries do not."""
    past = past_of(life(), START + timedelta(days=day))

    assert (past.production, past.record) == (production, record)
    assert len(past.decisions) == min(max(day + 1, 0), len(LIFE))


def test_a_decision_counts_from_its_own_moment() -> None:
    """Not a millisecond before."""
    at = START + timedelta(days=3)

    assert past_of(life(), at - timedelta(milliseconds=1)).production == 1
    assert past_of(life(), at).production == 2


@pytest.mark.parametrize(("day", "production", "decided"), [(-20, None, 0), (1.5, 1, 2), (2, 2, 7)])
def test_a_clock_that_was_set_back(day: float, production: int | None, decided: int) -> None:
    """Version 2 went live after the third decision, however early the clock said it was by then."""
    records = life()[:-1]
    early = [one.model_copy(update={"at": one.at - timedelta(days=30)}) for one in records[3:]]
    past = past_of([*records[:3], *early], START + timedelta(days=day))

    assert past.production == production
    assert [one.id for one in past.decisions] == [one.id for one in records[:decided]]


@pytest.mark.parametrize(("day", "production"), [(1, 1), (2, 2), (3.5, 2), (7, 1), (99, 1)])
def test_a_promotion_of_the_year_2036_hides_nothing(day: float, production: int | None) -> None:
    """Its clock was wrong: it counts with the decision before it, and those after it from their own time."""
    records = life()
    records[3] = records[3].model_copy(update={"at": datetime(2036, 1, 1, tzinfo=UTC)})

    assert past_of(records, START + timedelta(days=day)).production == production


@pytest.mark.parametrize(
    ("ahead", "agrees"), [(-99999, True), (0, True), (5, True), (5.01, False), (9e6, False)]
)
def test_a_clock_behind_the_newest_record_is_told(ahead: float, agrees: bool) -> None:
    """Beyond what clocks of two machines differ by; which of the two is wrong nobody can tell from here."""
    newest = sample.record(id="n", at=NOW + timedelta(minutes=ahead))
    said = behind(NOW, newest)

    assert (said is None) is agrees
    assert agrees or "the clock says 2026-12-01 00:00:00 UTC, but record n of before was dated" in (
        said or ""
    )


def test_the_line_for_people_says_since_when_and_why() -> None:
    """And it says so where there was nothing."""
    assert told(past_of(life(), START)) == "At 2026-01-10 12:00:00 UTC nothing was in production."
    said = told(past_of(life(), START + timedelta(days=4)))
    then = "At 2026-01-14 12:00:00 UTC version 2 was in production, since 2026-01-13 12:00:00: promote, the "
    assert said.startswith(then)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-01-31", datetime(2026, 1, 31, 23, 59, 59, 999999, UTC)),
        ("20260131", datetime(2026, 1, 31, 23, 59, 59, 999999, UTC)),
        ("2026-01-31T12:30", datetime(2026, 1, 31, 12, 30, tzinfo=UTC)),
        ("2026-01-31 12:30:05", datetime(2026, 1, 31, 12, 30, 5, tzinfo=UTC)),
        ("2026-01-31T12:30Z", datetime(2026, 1, 31, 12, 30, tzinfo=UTC)),
        ("2026-01-31T12:30+01:00", datetime(2026, 1, 31, 11, 30, tzinfo=UTC)),
        ("9999-12-31", datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)),
    ],
)
def test_a_moment_is_read(text: str, found: datetime) -> None:
    """A date is all of its day; a time without a zone is in UTC."""
    assert moment(text) == found


@pytest.mark.gate(
    "history.at",
    fed="`slipway history --at yesterday`, and other things that are no ISO date",
    stops="settings",
    exit=2,
    reason="--at: found 'yesterday', expected an ISO date",
    untouched="nothing answered",
)
@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "31.01.2026", "2026-02-30", "2026-01-31T25:00", "1767225600", "0001-01-01T00:00+14:00"],
)
def test_what_is_no_moment_is_told(text: str) -> None:
    """With what was found and how it should look."""
    with pytest.raises(UsageError, match=r"--at: found .*, expected an ISO date such as 2026-01-31"):
        moment(text)


def test_ids_go_on_where_the_last_one_was() -> None:
    """A clock that is set back, or that stands still, does not put a decision before an earlier one."""
    first = record_id(START, "b")
    same = record_id(START, "a", first)
    earlier = record_id(START - timedelta(days=1), "a", same)
    later = record_id(START + timedelta(days=1), "a", earlier)

    assert first == "20260110T120000000-b"
    assert same == "20260110T120000001-a"
    assert earlier == "20260110T120000002-a"
    assert later == "20260111T120000000-a"
    assert record_id(datetime(2026, 12, 31, 23, 59, 59, 999000, UTC), "a", "20261231T235959999-b") > "2027"
