"""Tables with and without copies, of which it is known how they came about."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from slipway.data.copies import Copies, find_copies
from slipway.tasks.columns import Columns

Rows = dict[str, NDArray[Any]]


def found(rows: Rows, folder: Path, **columns: Mapping[str, Any]) -> Copies:
    """The copies in a table whose columns are numbers, but for those that are given."""
    file = folder / "rows.parquet"
    pq.write_table(pa.table({"t": np.arange(len(rows["y"])), "u": np.arange(len(rows["y"])), **rows}), file)
    return find_copies([file], columns_of(rows, **columns))


def columns_of(rows: Rows, **columns: Mapping[str, Any]) -> Columns:
    """A time, a unit that ingestion made, a label, and inputs."""
    known: dict[str, Any] = {
        "t": {"type": "timestamp", "role": "time"},
        "u": {"type": "integer", "role": "unit", "source": "#row"},
        "y": {"type": "number", "role": "label"},
    }
    plain = {name: {"type": "number"} for name in rows if name not in known}
    return Columns.model_validate({"columns": known | plain | columns})


def drawn(random: np.random.Generator, score: NDArray[Any]) -> NDArray[np.int64]:
    """A label for each row, the likelier the higher its score."""
    return (random.random(len(score)) < 1 / (1 + np.exp(-score))).astype(np.int64)


def few(random: np.random.Generator, count: int, sizes: tuple[int, ...] = (5, 4, 3)) -> Rows:
    """Categories of so many values each, some rarer, and honest labels."""
    rows = {f"x{at}": (size * random.random(count) ** 1.5).astype(int) for at, size in enumerate(sizes)}
    return rows | {"y": drawn(random, rows["x0"] - 1.5)}


def ruled(random: np.random.Generator, count: int) -> Rows:
    """Few different rows whose label is a rule."""
    rows = few(random, count, (4, 4, 4, 4, 4, 4))
    return rows | {"y": (rows["x0"] + rows["x1"] > 3).astype(int)}


def dependent(random: np.random.Generator, count: int) -> Rows:
    """Sixteen answers of yes or no that one trait drives, which decides the label too."""
    trait = random.normal(size=count)
    rows = {f"x{at}": (trait + random.normal(size=count) > at / 16).astype(int) for at in range(16)}
    return rows | {"y": (trait > 0).astype(int)}


def nested(random: np.random.Generator, count: int) -> Rows:
    """A postcode that tells town and country, an age, and a label that is a rule of the age."""
    code, age = random.integers(0, 500, count), random.integers(18, 78, count)
    return {"code": code, "town": code // 10, "country": code // 100, "age": age, "y": (age > 40).astype(int)}


def things(random: np.random.Generator, count: int) -> Rows:
    """Four hundred products that come again and again; their labels are drawn anew."""
    kinds, which = random.normal(size=(4, 400)), random.integers(0, 400, count)
    rows = {f"x{at}": kind[which] for at, kind in enumerate(kinds)}
    return rows | {"y": drawn(random, rows["x0"])}


def rich(random: np.random.Generator, count: int) -> Rows:
    """Measurements, of which hardly two rows are equal, and a label that is a coin."""
    rows = {name: random.integers(0, size, count) for name, size in (("a", 49), ("b", 107), ("c", 439))}
    return rows | {"d": random.integers(0, 132, count), "y": random.integers(0, 2, count)}


def copied(random: np.random.Generator, rows: Rows, extra: NDArray[np.int64]) -> Rows:
    """The rows and once more those at these places, in some order."""
    order = random.permutation(np.r_[np.arange(len(rows["y"])), extra])
    return {name: values[order] for name, values in rows.items()}
