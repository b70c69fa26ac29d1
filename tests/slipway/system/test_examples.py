"""The one reader of outcomes."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from slipway.base.errors import SlipwayError
from slipway.settings import Column, Columns
from slipway.system import Examples, read_examples

HOUR = 3_600_000_000
ROWS = pa.table(
    {
        "when": pa.array([0, HOUR], pa.timestamp("us")),
        "who": ["a", "b"],
        "spent": [2.5, 0.0],
        "seen": pa.array([5, 2 * HOUR], pa.timestamp("us")),
    }
)


def columns(seen: dict[str, Any] | None = None) -> Columns:
    """The columns of the rows."""
    return Columns.model_validate(
        {
            "columns": {
                "when": {"type": "timestamp", "role": "time"},
                "who": {"type": "string", "role": "unit"},
                "spent": {"type": "number", "role": "label"},
                "seen": seen or {"type": "timestamp"},
            }
        }
    )


def test_an_outcome_is_known_a_delay_after_its_row() -> None:
    """Labels keep the type of their column; the label is in no request."""
    found = read_examples(columns(), ROWS, delay_hours=1.5)

    assert found.known_at.tolist() == [1.5 * HOUR, 2.5 * HOUR]
    assert (found.labels.tolist(), found.labels.dtype) == ([2.5, 0.0], np.float64)
    assert found.units.to_pylist() == ["a", "b"]
    assert found.requests.column_names == ["when", "who", "seen"]


def test_a_column_may_say_when_each_outcome_became_known() -> None:
    """It is no input: nobody has it when the request comes."""
    named = columns({"type": "timestamp", "role": "known_at"})
    found = read_examples(named, ROWS)

    assert found.known_at.tolist() == [5, 2 * HOUR]
    assert found.requests.column_names == named.inputs == ["when", "who"]


def test_what_only_the_log_tells_is_no_input() -> None:
    """Any number of columns may be so, and no request carries one."""
    named = Columns(
        columns=columns({"type": "timestamp", "role": "logged"}).columns
        | {"chance": Column(type="number", role="logged")}
    )
    found = read_examples(named, ROWS.append_column("chance", pa.array([0.5, 0.25])))

    assert found.requests.column_names == named.inputs == ["when", "who"]
    assert found.known_at.tolist() == [0, HOUR]


def test_times_are_read_in_utc() -> None:
    """A column with a time zone is the same instant."""
    zoned = ROWS.set_column(0, "when", ROWS["when"].cast(pa.timestamp("us", "+02:00")))

    assert read_examples(columns(), zoned).known_at.tolist() == [0, HOUR]


@pytest.mark.gate(
    "split.known_early",
    fed="an outcome that was known before its own row, or at a time that is missing",
    stops="split",
    exit=1,
    reason="expected that no outcome is known before the row's own time",
    untouched="nothing is written",
)
@pytest.mark.parametrize(
    ("seen", "said"), [([5, HOUR - 1], "'seen': found 1970-01-01 00:59:59"), ([5, None], "1 of 2 times are")]
)
def test_a_time_that_cannot_be_is_refused(seen: list[int | None], said: str) -> None:
    """Such a column says something else."""
    rows = ROWS.set_column(3, "seen", pa.array(seen, pa.timestamp("us")))
    with pytest.raises(SlipwayError, match=said):
        read_examples(columns({"type": "timestamp", "role": "known_at"}), rows)


def test_a_reader_that_loses_rows_is_told() -> None:
    """Labels of other rows than the requests'."""
    with pytest.raises(SlipwayError, match=r"outcomes of 2 requests: found \{'labels': 1\}"):
        Examples(ROWS, np.zeros(1), ROWS["who"], np.zeros(2, np.int64))


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        ({"type": "integer", "role": "known_at"}, "must have the type timestamp"),
        ({"type": "timestamp", "role": "known_at", "null_share": 0.1}, "have no missing values"),
        ({"type": "timestamp", "role": "known_at", "source": "#row"}, "must come from the table"),
    ],
)
def test_what_cannot_be_such_a_column(seen: dict[str, Any], said: str) -> None:
    """The line names it."""
    with pytest.raises(ValueError, match=said):
        columns(seen)


def test_columns_take_the_role_once() -> None:
    """As any role."""
    known = Column(type="timestamp", role="known_at")
    with pytest.raises(ValueError, match="all have the role 'known_at'"):
        Columns(columns=columns().columns | {"seen": known, "told": known})
