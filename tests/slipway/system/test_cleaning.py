"""One definition of what a raw value is: what Arrow makes of it, and SQL says the same of each value."""

from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from slipway.data.conversion import cleaned
from slipway.data.values import sound_text
from slipway.settings.data import GeneratorSource, TableSource
from slipway.system.cleaning import BLANKS, LONGEST, NUL, SPACES, Cleaning, unsound

MARKS = ["NA", " ?", "", "-999", "1e3", "None'", "1_000", "nan", "inf"]
TABLE = TableSource(kind="table", format="csv")
TEXTS = st.text(st.sampled_from([*"NA?-9 'x", *BLANKS, NUL, "é", "\u200b"]), max_size=6) | st.sampled_from(
    MARKS
)
SOURCES = st.builds(
    TableSource,
    kind=st.just("table"),
    format=st.just("csv"),
    trim=st.booleans(),
    missing=st.lists(st.sampled_from(MARKS), unique=True).map(list),
)


@pytest.fixture(scope="module")
def connection() -> Any:
    """DuckDB without a file."""
    return duckdb.connect()


def in_sql(connection: Any, values: pa.Array, sql: str) -> list[Any]:
    """What SQL makes of each value `v`."""
    found = pa.table({"place": range(len(values)), "v": values})
    assert found.num_rows == len(values)
    return [value for (value,) in connection.sql(f"SELECT {sql} FROM found ORDER BY place").fetchall()]  # noqa: S608


def arrow(texts: list[str | None]) -> pa.StringArray:
    """A column of texts."""
    return pa.array(texts, pa.string())


@settings(max_examples=150, deadline=None, derandomize=True)
@given(source=SOURCES, texts=st.lists(TEXTS | st.none(), min_size=1, max_size=20))
def test_sql_and_arrow_make_the_same_of_a_text(
    connection: Any, source: TableSource, texts: list[str | None]
) -> None:
    """Cut, missing or as it is; and both leave alone what they have cleaned."""
    found = Cleaning.of(source).texts(arrow(texts))

    assert found.to_pylist() == in_sql(connection, arrow(texts), cleaned("v", "VARCHAR", source))
    assert Cleaning.of(source).texts(found) == found


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    source=SOURCES,
    numbers=st.lists(st.none() | st.floats(width=32) | st.sampled_from([-999.0, 1000.0, 1.0]), min_size=1),
)
@pytest.mark.parametrize("kind", ["DOUBLE", "VARCHAR"])
def test_sql_and_arrow_make_the_same_of_a_number(
    connection: Any, source: TableSource, numbers: list[float | None], kind: str
) -> None:
    """-999.0 is the mark -999, as a number of a Parquet file and as a text of a column of numbers."""
    found = Cleaning.of(source).values(pa.array(numbers, pa.float64())).to_pylist()
    raw = pa.array(numbers, pa.float64())
    column = raw if kind == "DOUBLE" else arrow([None if one is None else repr(one) for one in numbers])
    same = in_sql(connection, column, f"CAST({cleaned('v', kind, source, is_number=True)} AS DOUBLE)")

    texts = {"nan", "inf"} & set(source.missing) if kind == "VARCHAR" else set()
    assert [repr(one) for one in found if repr(one) not in texts] == [
        repr(one) for one, whole in zip(same, found, strict=True) if repr(whole) not in texts
    ]


def test_what_is_cut_is_what_duckdb_cuts(connection: Any) -> None:
    """Every character of which there are some in texts; a half of one is none."""
    letters = [chr(code) for code in range(1, 0x20000) if not 0xD800 <= code < 0xE000]
    cut = in_sql(connection, arrow(letters), "trim(v) = ''")
    blank = in_sql(connection, arrow(letters), f"{cleaned('v', 'VARCHAR', TABLE)} IS NULL")

    assert [one for one, gone in zip(letters, cut, strict=True) if gone] == list(SPACES)
    assert {one for one, gone in zip(letters, blank, strict=True) if gone} == set(BLANKS)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    st.lists(TEXTS | st.none(), max_size=8), st.sampled_from([0, LONGEST, LONGEST + 1]), st.sampled_from("xé")
)
@example([], 0, "x")
def test_sql_and_arrow_agree_on_what_no_column_takes(
    connection: Any, texts: list[str | None], length: int, letter: str
) -> None:
    """A NUL, or too many characters, however many bytes they take."""
    column = arrow([*texts, letter * length])
    wrong = in_sql(connection, column, f"NOT {sound_text('v')}")

    assert unsound(column) == (wrong.index(True) if True in wrong else None)


def test_generated_values_are_what_they_are() -> None:
    """Nobody has written them."""
    texts = arrow([" NA ", "", None])
    cleaning = Cleaning.of(GeneratorSource(kind="generator", seed=0, rows={}))

    assert cleaning.texts(texts) == texts
    assert cleaning.numbers == ()
