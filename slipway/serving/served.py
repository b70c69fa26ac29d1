"""The version that this process serves, proven whole before the first request."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import accumulate, chain, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from slipway.serving.counted import as_text, is_counted
from slipway.serving.names import MOST, shown
from slipway.serving.refusal import short
from slipway.serving.values import moment
from slipway.settings import Column
from slipway.settings.data import TableSource
from slipway.system.cleaning import TEXT, Cleaning, unlisted, unsound
from slipway.tasks import Task
from slipway.version.answer import Answers, Version
from slipway.version.assemble import SCORE
from slipway.version.manifest import PARITY, Registered
from slipway.version.packed import VERSION, require_packed


class Unfit(Exception):  # noqa: N818 - what a client gets to know, with its field before it
    """A value of a column, by its row, that ingestion would have refused."""

    def __init__(self, column: str, row: int, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.row = row


def _half(name: str, texts: list[Any]) -> Unfit | None:
    """The fault of a text that holds half of a character."""
    for row, text in enumerate(texts):
        try:
            (text or "").encode()
        except UnicodeEncodeError as error:
            return Unfit(name, row, str(error))
    return None


@dataclass(frozen=True)
class Served:
    """A loaded version, what the registry calls it, and its requests' columns as they were in training."""

    version: Version
    registered: Registered
    schema: pa.Schema

    @property
    def system(self) -> str:
        """The name under which it is served."""
        return self.version.card.name

    @property
    def task(self) -> Task:
        """What its answers mean."""
        return self.version.card.task

    @cached_property
    def columns(self) -> dict[str, Column]:
        """What a request carries, by column."""
        data = self.version.card.data
        return {name: data.columns[name] for name in data.inputs}

    @cached_property
    def kinds(self) -> dict[str, pa.DataType]:
        """The types of the columns in training."""
        return {name: self.schema.field(name).type for name in self.columns}

    @cached_property
    def cleaning(self) -> Cleaning:
        """What ingestion made of raw values."""
        return Cleaning.of(self.version.card.data.source)

    @cached_property
    def written(self) -> str | None:
        """How the table writes times, where it is not by ISO 8601."""
        source = self.version.card.data.source
        return source.time_format if isinstance(source, TableSource) else None

    def table(self, columns: dict[str, list[Any]]) -> pa.Table:
        """Lists of checked values as the Arrow table that training saw; a missing time is now.

        Raises:
            Unfit: a value is one that ingestion refuses, or that it takes for missing where none may be.
        """
        texts = self._texts(columns)
        found = {}
        for name, values in columns.items():
            if name not in texts:
                found[name] = self._numbers(name, values)
            elif self.columns[name].type == "timestamp":
                found[name] = self._times(name, texts[name].to_pylist())
            else:
                found[name] = texts[name]
                self._require_listed(name, texts[name])
            self._require(name, found[name], values)
        return pa.table(
            {
                # Of generated rows a column of texts may be a dictionary, for example.
                name: array
                if array.type == self.kinds[name]
                else pa.array(array.to_pylist(), self.kinds[name])
                for name, array in found.items()
            }
        )

    def _texts(self, columns: dict[str, list[Any]]) -> dict[str, pa.StringArray]:
        """Texts and times as they count; all at once, for each call costs more than its few values."""
        names = [name for name in columns if self.columns[name].type in ("string", "timestamp")]
        if is_counted(self.written):
            times = {name for name in names if self.columns[name].type == "timestamp"}
            columns = columns | {name: [as_text(value) for value in columns[name]] for name in times}
        bounds = [0, *accumulate(len(columns[name]) for name in names)]
        try:
            raw = pa.array(list(chain.from_iterable(columns[name] for name in names)), pa.string())
        except UnicodeEncodeError as error:
            # It is in one of them, and none of the others can be the name of the fault.
            raise next(filter(None, (_half(name, columns[name]) for name in names))) from error
        cleaned = self.cleaning.texts(raw)
        if (place := unsound(cleaned)) is not None:
            at = bisect_right(bounds, place) - 1
            text = cleaned[place].as_py()
            raise Unfit(names[at], place - bounds[at], f"{TEXT}, found {short(text)}")  # guard serve.value
        return {
            name: cleaned[start:stop] for name, (start, stop) in zip(names, pairwise(bounds), strict=True)
        }

    def _times(self, name: str, texts: list[str | None]) -> pa.Array:
        is_own = self.columns[name].role == "time"
        # Tables hold UTC without a zone.
        now = datetime.now(UTC).replace(tzinfo=None) if is_own else None
        read: dict[str | None, datetime | None] = {None: now}
        for row, text in enumerate(texts):
            if text not in read:
                try:
                    read[text] = moment(text or "", self.written, is_own)
                except ValueError as error:
                    raise Unfit(name, row, f"{error}, found {short(text)}") from error  # guard serve.value
        return pa.array([read[text] for text in texts], pa.timestamp("us"))

    def _numbers(self, name: str, values: list[Any]) -> pa.Array:
        try:
            return self.cleaning.values(pa.array(values, self.kinds[name]))
        except (pa.ArrowInvalid, OverflowError) as error:
            # Of generated rows a column may be narrower than 64 bits.
            raise Unfit(name, 0, str(error)) from error

    def _require(self, name: str, array: pa.Array, values: list[Any]) -> None:
        """Refuse what stands for a missing value where none may be missing."""
        if array.null_count and not self.columns[name].optional:
            row = pc.index(pc.is_null(array), True).as_py()
            # guard serve.value
            raise Unfit(name, row, f"{short(values[row])} stands for a missing value, expected one")

    def _require_listed(self, name: str, texts: pa.StringArray) -> None:
        """Refuse a value beside those that the card lists, as the check of the data does."""
        if (allowed := self.columns[name].only) is None or (row := unlisted(texts, allowed)) is None:
            return
        few = ", ".join(map(repr, map(shown, allowed[:MOST])))
        more = f" and {len(allowed) - MOST} more" if len(allowed) > MOST else ""
        # guard serve.listed
        raise Unfit(name, row, f"one of {few}{more} is expected, found {short(texts[row].as_py())}")

    def answer(self, requests: pa.Table, groups: NDArray[np.int64]) -> Answers:
        """Score and rank; no rows give no answers."""
        if requests.num_rows == 0:
            none = (0, *self.task.width)
            return Answers(np.zeros(none), np.zeros(none, np.int32), np.zeros(0, np.bool_))
        return self.version.answer(requests, groups)


def load(root: Path, expected: str | None) -> Served:
    """Load the version that lies beside the code at `root`, once it is proven whole.

    Args:
        expected: the digest of the version that has to be inside, None for any.

    Raises:
        SlipwayError: a file is missing, was added or was changed, or it is not the `expected` version.
    """
    registered = require_packed(root, expected)
    version = Version.load(root / VERSION, code=root, expected=registered.digest)
    # The types of training, in Arrow's terms; a card only knows integer, number, string and timestamp.
    sample = pq.read_schema(root / VERSION / PARITY)
    return Served(version, registered, sample.remove(sample.get_field_index(SCORE)))
