"""The requests of a table as hashes of their columns, to count which equal each other."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from slipway.data.requests import value_codes
from slipway.tasks.columns import Columns

NAMES = 0.95
"""Share of different values from which on a text, a unit or an option names rows and tells nothing."""

Hashes = NDArray[np.uint64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Compared:
    """Where the columns lie; none is held. A row is a request of its own where the table has no requests.

    Two hashes of 64 bits are equal by accident with a chance of 3e-8 among a million requests.

    Attributes:
        names: the columns in which requests are compared.
        request: int64 [rows], from 0; rows of one request have one number. None: each row is one.
        rows: sums of the hashes of the compared columns, [rows].
    """

    files: list[Path]
    label: str
    names: list[str]
    request: Numbers | None
    rows: Hashes

    @classmethod
    def read(cls, files: list[Path], columns: Columns) -> "Compared":
        """Read Parquet files, taken together in their order, one column at a time."""
        request, label = columns.column("request"), columns.required("label")
        count = sum(pq.read_metadata(file).num_rows for file in files)
        names, rows = list[str](), np.zeros(count, np.uint64)
        # A column that a file lacks is for the suite to tell.
        present = set(columns.columns).intersection(*(pq.read_schema(file).names for file in files))
        for name, column in columns.columns.items():
            if name not in present or column.made or column.role not in (None, "unit", "option"):
                continue
            codes = value_codes(_column(files, name))
            may_name = column.type == "string" or column.role is not None
            if may_name and codes.max(initial=0) + 1 > NAMES * count:
                continue
            rows += _hashed(codes, name)
            names.append(name)
        requests = None if request is None else value_codes(_column(files, request))
        return cls(files, label, names, requests, rows)

    def same(self) -> Numbers:
        """Equal numbers for equal requests, [requests]."""
        return _numbers(self._of_requests(self.rows))

    def labels(self) -> tuple[Numbers, Numbers]:
        """Equal numbers for equal labels, and for requests that are equal with their labels, [requests]."""
        labels = self._hashes(self.label)
        return _numbers(self._of_requests(labels)), _numbers(self._of_requests(self.rows + labels))

    def chance(self, others: Numbers) -> NDArray[np.float64]:
        """How many other requests would equal each by chance, as `copies` says, [requests].

        Args:
            others: int64 [requests]; how many others equal each.
        """
        found = np.zeros(len(others))
        # Each column beside the next, and the last beside the first.
        ring = [*self.names, *self.names[: len(self.names) > 1]]
        before: tuple[Hashes, Numbers] | None = None
        for name in ring:
            here = self._hashes(name)
            near = self._equal(self.rows - here) - others
            share = (self._equal(here) + 1) / len(others)
            # Of a column with one value the share is 1, and nothing is near.
            odds = share / np.maximum(1 - share, 1 / len(others))
            np.maximum(found, near * odds, out=found)
            if before is not None:
                both = self._equal(self.rows - here - before[0]) - others - near - before[1]
                np.maximum(found, near * before[1] / np.maximum(both, 1), out=found)
            before = here, near
        return found

    def _hashes(self, name: str) -> Hashes:
        return _hashed(value_codes(_column(self.files, name)), name)

    def _equal(self, rows: Hashes) -> Numbers:
        """How many other requests have the same hashes of rows, [requests]."""
        numbers = _numbers(self._of_requests(rows))
        return np.bincount(numbers)[numbers] - 1

    def _of_requests(self, rows: Hashes) -> Hashes:
        """Hashes of the requests, whatever the order of their rows, [requests]."""
        if self.request is None:
            return rows
        sums = np.zeros(int(self.request.max(initial=-1)) + 1, np.uint64)
        # Mixed once more, or values could change places between rows of one request.
        np.add.at(sums, self.request, _mixed(rows))
        return sums


def _column(files: list[Path], name: str) -> pa.ChunkedArray:
    tables = [pq.read_table(file, columns=[name]) for file in files]
    return pa.concat_tables(tables)[name]


def _numbers(hashes: Hashes) -> Numbers:
    return value_codes(pa.chunked_array([pa.array(hashes)]))


def _hashed(codes: Numbers, name: str) -> Hashes:
    """Hashes of the values of one column, which no other column has."""
    seed = np.frombuffer(sha256(name.encode()).digest()[:8], "<u8")[0]
    return _mixed(codes.astype(np.uint64) ^ seed)


def _mixed(values: Hashes) -> Hashes:
    """One to one, and each bit depends on all (splitmix64: Steele, Lea and Flood, OOPSLA 2014)."""
    mixed = values + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
