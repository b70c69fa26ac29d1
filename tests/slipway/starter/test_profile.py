"""What a table's columns hold."""

from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slipway.base.errors import SlipwayError
from slipway.data.table import write_table
from slipway.settings import Card
from slipway.starter.choices import Choices
from slipway.starter.design import design
from slipway.starter.render import Plan, card_text
from slipway.starter.sizes import PROVISIONAL, split_shares
from tests.slipway.starter.reading import card_of, look
from tests.slipway.starter.tables import write


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "-2", "3.0", "1e3"], "integer"),
        (["1", "2.5", "nan"], "number"),
        (["1", "2.5", "inf"], "string"),
        (["00501", "10001"], "string"),
        (["9223372036854775807", "-2"], "integer"),
        (["9223372036854775808", "-2"], "string"),
        (["9223372036854775808", "2.5"], "number"),
        (["1e30", "2e30"], "number"),
        (["true", "false"], "string"),
        (["2026-01-02", "2026-01-03 04:05"], "timestamp"),
        (["2026-01-02", "soon"], "string"),
        (["", ""], "string"),
    ],
)
def test_a_column_is_what_all_its_values_are(tmp_path: Path, values: list[str], kind: str) -> None:
    """As ingestion would read them; a leading zero, or digits that 64 bits lose, make a code of a number."""
    path = write(tmp_path / "t.csv", ["a,b", *(f"{value},x" for value in values)])
    assert look(path).column("a").kind == kind


def test_numbers_are_counted(tmp_path: Path) -> None:
    """Rows without a value, different values, ends, mean and spread."""
    found = look(write(tmp_path / "t.csv", ["a,b", "1,x", "3,x", "3,y", ",z"])).column("a")

    assert (found.nulls, found.distinct, found.low, found.high) == (1, 2, 1.0, 3.0)
    assert found.mean == pytest.approx(7 / 3)
    assert dict(zip(found.values, found.counts, strict=True)) == {"1": 1, "3": 2}


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_values_are_listed_as_they_are_written(tmp_path: Path, ending: str) -> None:
    """So that one of them can be held against the source: pandas makes 1.0 of 1 where one is missing."""
    table, path = pa.table({"y": [1.0, 2.0, 1.0], "when": ["a", "b", "c"]}), tmp_path / f"t.{ending}"
    if ending == "csv":
        write(path, ["y,when", *(f"{row['y']},{row['when']}" for row in table.to_pylist())])
    else:
        pq.write_table(table, path)
    found = look(path).column("y")
    assert (found.kind, found.distinct, found.values, found.counts) == ("integer", 2, ("1.0", "2.0"), (2, 1))


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
        (["1767225600000", "1767225601000"], "epoch_ms"),
        (["1767225600000000", "1767225601000001"], "epoch_us"),
        (["1767225600000000000", "1767225601000000001"], "epoch_ns"),
        (["45292", "45292.5"], "excel"),
        (["1.5", "26725"], None),
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
        "9223372036854775808",
        "1_2",
        "1.1",
        "1.10",
        "12 kg",
        " ",
        "1-2-3",
        "2026-01-02T00:00Z",
        "$1",
        "nan",
        "NA",
        "?",
        "07",
        "true",
        "no",
        "2026-01-02",
        "31/01/1950",
        "a b",
        " x ",
        "é",
        "'",
    ]
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(VALUES, VALUES, VALUES), min_size=2, max_size=12),
    st.sampled_from([("0", "1"), ("0.0", "1.0"), ("1.0", "2.0"), ("none", "NA")]),
)
def test_what_is_seen_can_be_ingested(
    tmp_path: Path, rows: list[tuple[str, ...]], labels: tuple[str, str]
) -> None:
    """Whatever stands in a table, ingestion refuses none of the types and bounds made from it."""
    lines = ["a,b,c,label", *(f"{','.join(row)},{labels[number % 2]}" for number, row in enumerate(rows))]
    path = write(tmp_path / "t.csv", lines)
    found = look(path, label="label")
    chosen = design(found, Choices("label"))
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
