"""Which rows a part holds, in a few numbers that are kept, and how many of them another part has too."""

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slipway.base.errors import SlipwayError
from slipway.data.duckdb_engine import parquet
from slipway.data.parquet import open_parquet
from slipway.tasks import Columns

MARKS = 400
"""Rows that are remembered; the share of half of the rows is then told to 0.025, one standard error."""
ROLES = frozenset({"time", "unit", "request", "option", "label"})
"""What a row is known by, so that a column that is added later does not make it another one."""


@dataclass(frozen=True)
class RowSketch:
    """The least hashes of a part's rows: a random sample of them that any two parts draw alike.

    Broder, On the resemblance and containment of documents, Compression and Complexity of Sequences, 1997.

    Attributes:
        marks: uint64, rising; all hashes of a part with fewer rows.
    """

    marks: NDArray[np.uint64]

    def shared(self, other: "RowSketch") -> float:
        """About which share of these rows the other part holds."""
        full = [one.marks[-1] for one in (self, other) if len(one.marks) == MARKS]
        # Beyond the last hash of a sketch that is full, nobody knows what its part holds.
        mine, theirs = (one.marks if not full else one.marks[one.marks <= min(full)] for one in (self, other))
        return float(np.isin(mine, theirs).mean()) if len(mine) else 0.0

    def text(self) -> str:
        """As text, of 4,268 characters at most, as a tag of MLflow holds."""
        return base64.b64encode(self.marks.astype("<u8").tobytes()).decode()

    @classmethod
    def read(cls, text: str) -> "RowSketch":
        """What `text` wrote.

        Raises:
            SlipwayError: it is something else.
        """
        try:
            return cls(np.frombuffer(base64.b64decode(text, validate=True), "<u8").astype(np.uint64))
        except (ValueError, binascii.Error) as error:
            raise SlipwayError(f"no sketch of rows: {text[:40]!r}") from error


def sketch(columns: Columns, rows: Path) -> RowSketch:
    """Of the rows of a Parquet file, each known by time, unit, request, option and label.

    Rows without a time of their own are known by all that the source says of them, for the place in a shuffle
    is no property of a row.
    """
    import duckdb

    open_parquet(rows)  # for its errors, which are one line with the file
    named = ", ".join(f"coalesce(CAST(\"{name}\" AS VARCHAR), '')" for name in known_by(columns))
    # MD5 is the same whatever version of DuckDB computes it, unlike its `hash`.
    query = f"""
        SELECT DISTINCT md5_number_lower(concat_ws(chr(31), {named})) AS mark
        FROM {parquet(rows)} ORDER BY mark LIMIT {MARKS}
    """  # noqa: S608 - the card's names, and a quoted path
    with duckdb.connect() as connection:
        found = connection.execute(query).fetchnumpy()["mark"]
    return RowSketch(np.asarray(found, np.uint64))


def known_by(columns: Columns) -> list[str]:
    """The columns by which a row is told from others, in alphabetical order."""
    own = {name: column for name, column in columns.columns.items() if not column.made}
    timed = columns.required("time") in own
    return sorted(name for name, column in own.items() if not timed or column.role in ROLES)
