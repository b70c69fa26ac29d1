"""What a table's columns hold."""

from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slipway.data.table import write_table
from slipway.errors import SlipwayError
from slipway.settings import Card
from slipway.starter.answers import Answers
from slipway.starter.design import design
from slipway.starter.profile import Profile, profile
from slipway.starter.render import Plan, card_text
from slipway.starter.sizes import PROVISIONAL, split_shares
from slipway.starter.source import describe
from tests.starter.reading import card_of
from tests.starter.tables import write


def look(path: Path, time: str | None = None) -> Profile:
    """The profile of the table at a path."""
    path.with_suffix(".work").mkdir(exist_ok=True)
    return profile(describe(path, None), path, path.with_suffix(".work"), time)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "-2", "3.0", "1e3"], "integer"),
        (["1", "2.5", "nan"], "number"),
        (["1", "2.5", "inf"], "string"),
        (["00501", "10001"], "string"),
        (["true", "false"], "string"),
        (["2026-01-02", "2026-01-03 04:05"], "timestamp"),
        (["2026-01-02", "soon"], "string"),
        (["", ""], "string"),
    ],
)
def test_a_column_is_what_all_its_values_are(tmp_path: Path, values: list[str], kind: str) -> None:
    """As ingestion would read them; a leading zero makes a code of a number."""
    path = write(tmp_path / "t.csv", ["a,b", *(f"{value},x" for value in values)])
    assert look(path).column("a").kind == kind


@pytest.mark.parametrize(
    ("values", "commas"),
    [
        (["1,5", "-1.234,56", ""], True),
        (["1,5", "n/a"], False),
        (["1,234,567", "1,5"], False),
        (["1.5", "2.5"], False),
        (["", ""], False),
    ],
)
def test_decimal_commas_are_seen(tmp_path: Path, values: list[str], commas: bool) -> None:
    """A number to a person, text to everything that follows."""
    path = write(tmp_path / "t.tsv", ["a\tb", *(f"{value}\tx" for value in values)])
    assert look(path).column("a").commas is commas


def test_numbers_are_counted(tmp_path: Path) -> None:
    """Rows without a value, different values, ends, mean and spread."""
    found = look(write(tmp_path / "t.csv", ["a,b", "1,x", "3,x", "3,y", ",z"])).column("a")

    assert (found.nulls, found.distinct, found.low, found.high) == (1, 2, 1.0, 3.0)
    assert found.mean == pytest.approx(7 / 3)
    assert dict(zip(found.values, found.counts, strict=True)) == {"1": 1, "3": 2}


def test_marks_of_missing_values_are_found_among_numbers(tmp_path: Path) -> None:
    """Then they are missing everywhere; a question mark among words alone is a word."""
    path = write(tmp_path / "t.csv", ["a,b,c", "1,?,NA", "NA,x,y", "3,y,z"])
    found = look(path)

    assert found.source.missing == ["NA"]
    assert (found.column("a").kind, found.column("a").nulls) == ("integer", 1)
    assert found.column("b").values == ("?", "x", "y")
    assert found.column("c").nulls == 1


def test_parquet_types_are_told(tmp_path: Path) -> None:
    """Also those that no card has."""
    table = pa.table(
        {
            "flag": [True, False],
            "list": [[1], [2]],
            "when": [datetime(2026, 1, 1, 5), datetime(2026, 1, 1, 6)],
            "whole": [1.0, None],
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    found = look(tmp_path / "t.parquet")

    kinds = {one.source: one.kind for one in found.columns}
    assert kinds == {"flag": "string", "list": "nested", "when": "timestamp", "whole": "integer"}
    assert found.column("flag").values == ("false", "true")
    assert found.column("when").hours == 2


@pytest.mark.parametrize(
    ("values", "time_format"),
    [
        (["31/01/2026", "1/2/2026"], "%d/%m/%Y"),
        (["01/31/2026 9:05", "02/01/2026 23:59"], "%m/%d/%Y %H:%M"),
        (["31.01.2026 09:05:01", "01.02.2026 00:00:00"], "%d.%m.%Y %H:%M:%S"),
        (["1767225600", "1767225601.5"], "epoch"),
        (["2026-01-31", "2026-02-01"], None),
        (["7", "8"], None),
    ],
)
def test_the_format_of_times_is_found(tmp_path: Path, values: list[str], time_format: str | None) -> None:
    """Where one format fits all; ISO 8601 needs none, and small numbers are no times."""
    path = write(tmp_path / "t.csv", ["when,b", *(f"{value},x" for value in values)])
    assert look(path, "when").source.time_format == time_format


def test_times_that_may_mean_two_things_are_asked_about(tmp_path: Path) -> None:
    """The third of April or the fourth of March."""
    path = write(tmp_path / "t.csv", ["when,b", "03/04/2026,x", "05/06/2026,x"])
    with pytest.raises(SlipwayError, match="fits '%d/%m/%Y' or '%m/%d/%Y'; say which with --time-format"):
        look(path, "when")


def test_a_header_alone_is_told(tmp_path: Path) -> None:
    """There is nothing to look at."""
    with pytest.raises(SlipwayError, match=r"t\.csv: no rows"):
        look(write(tmp_path / "t.csv", ["a,b"]))


VALUES = st.sampled_from(
    [
        "",
        "0",
        "1",
        "-3",
        "2.50",
        "1e400",
        "nan",
        "NA",
        "?",
        "07",
        "true",
        "no",
        "2026-01-02",
        "a b",
        " x ",
        "é",
        "'",
    ]
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(VALUES, VALUES, VALUES), min_size=2, max_size=12))
def test_what_is_seen_can_be_ingested(tmp_path: Path, rows: list[tuple[str, ...]]) -> None:
    """Whatever stands in a table, ingestion refuses none of the types and bounds made from it."""
    lines = ["a,b,c,label", *(f"{','.join(row)},{number % 2}" for number, row in enumerate(rows))]
    path = write(tmp_path / "t.csv", lines)
    found = look(path)
    chosen = design(found, Answers("label"))
    split = split_shares(found.rows)
    plan = Plan("t", found.source, found, chosen, split, PROVISIONAL)
    card: Card = card_of(card_text(plan))

    write_table(card, found.source, path, None, tmp_path / "rows.parquet")

    table = pq.read_table(tmp_path / "rows.parquet")
    assert table.num_rows == len(rows)
    for name, column in card.data.columns.items():
        share = table[name].null_count / len(rows)
        assert share <= column.null_share, name
        if column.values is not None:
            assert set(table[name].drop_null().to_pylist()) <= set(column.values)
