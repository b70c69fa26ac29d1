"""Rows as people write them: through ingestion, and as a typed request, they get one score or none."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from slipway.base.errors import SlipwayError
from slipway.data.table import write_table
from slipway.serving.predict import Typed
from slipway.serving.refusal import Refusal
from slipway.serving.values import moment
from slipway.settings.data import TableSource
from slipway.system.cleaning import LONGEST
from tests.slipway.serving.tabled import Tabled

HEADER = ["Signed Up", "Plan", "Months", "Monthly Spend", "Churned"]
COLUMNS = ["signed_up", "plan", "months", "monthly_spend"]
TIMES = st.sampled_from(
    [
        "2024-05-01 10:00:00",
        "2024-05-01T23:00:00Z",
        "2024-05-01T10:00:00+02:00",
        "1970-01-01",
        "1969-12-31",
        "soon",
    ]
)
PLANS = st.sampled_from(
    [
        "basic",
        " basic ",
        "pro\xa0",
        "new",
        "NA",
        " NA ",
        "na",
        "?",
        "",
        " ",
        "\t",
        "\u3000",
        "-999",
        "-999.0",
        "a\x00",
        "x" * LONGEST,
        " " + "x" * LONGEST,
        "x" * (LONGEST + 1),
    ]
) | st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=4)
NUMBERS = st.sampled_from(
    [
        "3",
        "3.0",
        " 40 ",
        "-999",
        "-999.0",
        "-9.99e2",
        "NA",
        "?",
        "",
        "  ",
        "nan",
        "inf",
        "1e999",
        "3.5",
        "abc",
        "1e300",
        "-1e300",
        "-5",
        "0.1",
        "9223372036854775807",
        "9223372036854775808",
    ]
)
Row = tuple[str, str, str, str]
ROWS = st.lists(st.tuples(TIMES, PLANS, NUMBERS, NUMBERS), min_size=1, max_size=3)


def ingested(made: Tabled, rows: list[Row], folder: Path) -> list[float] | None:
    """The scores of raw rows in their order, None where the table is refused."""
    source = made.card.data.source
    assert isinstance(source, TableSource)
    with (folder / "t.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(
            [HEADER, *([*row, "Yes" if place % 2 else "No"] for place, row in enumerate([*rows, rows[0]]))]
        )
    try:
        write_table(made.card, source, folder / "t.csv", None, folder / "rows.parquet")
    except SlipwayError:
        return None
    # Ingestion sorts by time, and gives the rows of one time the order of the table.
    table = pq.read_table(folder / "rows.parquet", columns=made.card.data.inputs)
    if {*table["plan"].to_pylist()} - {None, *(made.card.data.columns["plan"].values or [])}:
        return None  # by the check that follows; see test_listed.py
    found = made.served.version.scores(table)
    order = sorted(range(len(rows) + 1), key=lambda place: moment([*rows, rows[0]][place][0], None, True))
    return [found[order.index(place)] for place in range(len(rows))]


def typed(row: Row) -> dict[str, Any]:
    """The same in JSON: what is a number is one there."""
    texts = dict(zip(COLUMNS, row, strict=True))
    return texts | {name: number(texts[name]) for name in ("months", "monthly_spend")}


def number(text: str) -> Any:
    """A text of a file as a client has the value."""
    if re.fullmatch(r"\s*[+-]?\d+\s*", text):
        return int(text)
    try:
        return float(text)
    except ValueError:
        return text


def served(api: Typed, row: Row) -> float | None:
    """The score of a request, None where it is refused."""
    try:
        answer = json.loads(api.predict(json.dumps({"requests": [typed(row)]}).encode()))
    except Refusal:
        return None
    return float(answer["answers"][0]["options"][0]["score"])


@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=ROWS)
@example(rows=[("1970-01-01", " " + "x" * LONGEST, "3", "1")])
@example(
    rows=[("1970-01-01", " basic", "-999.0", "1e300"), ("1970-01-01", "NA", "NA", " "), ("soon", "", "", "")]
)
def test_a_raw_row_gets_one_score(cut: Tabled, tmp_path: Path, rows: list[Row]) -> None:
    """What is missing, cut or refused in one is so in the other."""
    api = Typed(cut.served)
    scores = [served(api, row) for row in rows]
    taken = [row for row, score in zip(rows, scores, strict=True) if score is not None]

    if taken:
        known = [score for score in scores if score is not None]
        np.testing.assert_allclose(ingested(cut, taken, tmp_path), known, rtol=0, atol=1e-9)
    for row in (row for row, score in zip(rows, scores, strict=True) if score is None):
        assert ingested(cut, [row], tmp_path) is None
