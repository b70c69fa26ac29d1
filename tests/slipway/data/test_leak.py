"""A column that tells the label stops the run; one that only helps to guess it does not."""

import re
from collections.abc import Mapping
from itertools import permutations
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from slipway.base.errors import Refused
from slipway.data.check import check_rows, require
from slipway.settings import Card
from slipway.system import load_system
from slipway.tasks import bind
from slipway.tasks.leak import BOUND, FEWEST, of_two_classes
from tests.slipway.data.small import card
from tests.slipway.root import ROOT

ROWS = 4000
RANDOM = np.random.default_rng(0)
LABEL = (RANDOM.random(ROWS) < 0.1).astype(np.int64)
TIME = pa.array(np.arange(ROWS) * 1_000_000).cast(pa.timestamp("us"))
NOISE = RANDOM.random(ROWS)
TWO = RANDOM.integers(0, 2, ROWS)

LEAKS: Mapping[str, Any] = {
    "a copy": LABEL,
    "its opposite": 1 - LABEL,
    "a copy with noise": LABEL + NOISE / 10,
    "a copy with one wrong": np.where(np.arange(ROWS) == 7, 1 - LABEL, LABEL),
    "what was paid": np.where(LABEL, 1 + NOISE, 0),
    "when it was clicked": pa.array(np.arange(ROWS), mask=LABEL == 0).cast(pa.timestamp("us")),
    "how long it was looked at": pa.array(NOISE, mask=LABEL == 1),
    "a status between others": np.where(LABEL, "clicked", np.where(TWO, "abandoned", "viewed")),
    "a code between others": np.where(LABEL, 2, 1 + 2 * TWO),
    "NaN unless it was": np.where(LABEL, NOISE, np.nan),
}
HONEST: Mapping[str, Any] = {
    "noise": NOISE,
    "an id of each row": RANDOM.permutation(ROWS),
    "an id of each row as text": RANDOM.permutation(ROWS).astype(str),
    "a category that helps": np.where(RANDOM.random(ROWS) < 0.9, LABEL, TWO).astype(str),
    "a number that helps": LABEL + RANDOM.normal(0, 0.5, ROWS),
    "a constant": np.zeros(ROWS),
    "no value": pa.nulls(ROWS, pa.float64()),
    "the time": TIME,
}


def found(values: Any, label: Any = LABEL, columns: str = "*") -> list[Any]:
    """What the query finds of a column."""
    with duckdb.connect() as connection:
        connection.register("batch", pa.table({"time": TIME[: len(label)], "y": label, "x": values}))
        query = of_two_classes("x", "y", "time").format(batch="batch")
        return connection.execute(query.replace("SELECT *", f"SELECT {columns}")).fetchall()


@pytest.mark.parametrize("values", LEAKS.values(), ids=LEAKS)
def test_a_leak_is_found(values: Any) -> None:
    """Whether it is ordered, a category, or missing where the outcome is."""
    assert found(values)


@pytest.mark.parametrize("values", HONEST.values(), ids=HONEST)
def test_an_honest_column_is_not(values: Any) -> None:
    """Ids that occur once are no leak, however well they would tell the rows that they occur in."""
    assert not found(values)


WORDS = re.findall(r"\bAS (\w+)|(\w+) AS \(", of_two_classes("x", "y", "time"))
NAMES = sorted({first or second for first, second in WORDS} - {"INTEGER"} | {"batch", "epoch", "avg"})


@pytest.mark.parametrize("name", [*NAMES, *(name.upper() for name in NAMES)])
@pytest.mark.parametrize("values", [NOISE, TWO.astype(str)], ids=["number", "text"])
def test_a_column_may_be_called_anything(name: str, values: Any) -> None:
    """As the query calls something of its own, or a function; the leak beside it is found."""
    table = pa.table({"when": TIME, "label": LABEL, "leak": 1 - LABEL, name: values})
    with duckdb.connect() as connection:
        connection.register("rows", table)

        def rows(column: str) -> list[Any]:
            query = of_two_classes(column, "label", "when").format(batch="rows")
            return connection.execute(query).fetchall()

        assert rows("leak")
        assert not rows(name)


@pytest.mark.parametrize("names", [*permutations(["v", "y", "t"])])
def test_the_columns_themselves_may_be_called_so(names: tuple[str, str, str]) -> None:
    """Each as the query calls another one."""
    column, label, time = names
    with duckdb.connect() as connection:
        connection.register("rows", pa.table({time: TIME, label: LABEL, column: 1 - LABEL}))
        assert connection.execute(of_two_classes(column, label, time).format(batch="rows")).fetchall()


def test_few_rows_say_nothing() -> None:
    """With fewer rows of a class anything may happen by chance."""
    rare = np.zeros(ROWS, np.int64)
    rare[: FEWEST - 1] = 1

    assert not found(rare, rare)
    rare[FEWEST - 1] = 1
    assert found(rare, rare)


def test_the_area_is_that_of_scikit_learn() -> None:
    """With ties, and with missing values as the lowest."""
    values: NDArray[np.float64] = np.round(LABEL + RANDOM.normal(0, 1, ROWS), 1)
    query = of_two_classes("x", "y", "time").format(batch="batch").split("WHERE area >")[0]
    with duckdb.connect() as connection:
        missing = pa.array(values, mask=NOISE < 0.2)
        connection.register("batch", pa.table({"time": TIME, "y": LABEL, "x": missing}))
        areas = dict(connection.execute(query).fetchall())

    assert areas["order"] == pytest.approx(roc_auc_score(LABEL, np.where(NOISE < 0.2, -99, values)))


LEAK = pytest.mark.gate(
    "check.leak",
    fed="a column that equals the label, or nearly determines it",
    stops="check",
    exit=3,
    reason="price: must not tell the label: alone it separates the classes with an AUC above 0.999",
    untouched="no split is made of the rows",
)


@pytest.mark.parametrize("severity", [pytest.param("critical", marks=LEAK), "warning"])
def test_a_leak_stops_the_run(tmp_path: Path, severity: str) -> None:
    """Unless the card says of the column that a warning will do."""
    load_system("ad_click", ROOT).generate(ROWS, 17, tmp_path)
    rows = pq.read_table(tmp_path / "rows.parquet")
    leak = rows["clicked"].cast(pa.float64())
    pq.write_table(
        rows.set_column(rows.column_names.index("price"), "price", leak), tmp_path / "rows.parquet"
    )
    table = _with_price(severity).data
    summary = check_rows(
        "ad_click", bind("binary", table), [], [tmp_path / "rows.parquet"], tmp_path / "checks"
    )

    failed = {"critical": summary.failed_critical, "warning": summary.failed_warning}[severity]
    assert [one for one in failed if one.startswith("price: must not tell the label")]
    assert f"an AUC above {BOUND}" in failed[0]
    if severity == "critical":
        with pytest.raises(Refused, match="price: must not tell the label"):
            require(summary)
    else:
        require(summary)


def _with_price(severity: str) -> Card:
    from slipway.settings import load_card

    found = load_card(ROOT, "ad_click").data.model_dump(mode="json", exclude_none=True)
    found["columns"]["price"]["severity"] = severity
    return card(found["source"], found["columns"])
