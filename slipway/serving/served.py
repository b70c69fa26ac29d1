"""The version that this process serves, proven whole before the first request."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from slipway.serving.refusal import Refusal
from slipway.settings import Column
from slipway.tasks import Task
from slipway.version.answer import Answers, Version
from slipway.version.assemble import SCORE
from slipway.version.manifest import PARITY, Registered
from slipway.version.packed import VERSION, require_packed


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

    @property
    def columns(self) -> dict[str, Column]:
        """What a request carries, by column."""
        data = self.version.card.data
        return {name: data.columns[name] for name in data.inputs}

    def table(self, columns: dict[str, list[Any]]) -> pa.Table:
        """Lists of checked values as the Arrow table that training saw; a missing time is now.

        Raises:
            Refusal: a value does not fit the column's type in training.
        """
        time = self.version.card.data.required("time")
        if None in columns[time]:
            # Tables hold UTC without a zone.
            now = datetime.now(UTC).replace(tzinfo=None)
            columns[time] = [now if value is None else value for value in columns[time]]
        return pa.table({name: self._array(name, values) for name, values in columns.items()})

    def _array(self, name: str, values: list[Any]) -> pa.Array:
        try:
            return pa.array(values, self.schema.field(name).type)
        except (pa.ArrowInvalid, OverflowError, UnicodeEncodeError) as error:
            raise Refusal(422, f"{name}: {error}") from error

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
