"""What the smoke test sends is sound for each card that `new-system` can write; what it spoils is refused."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from slipway.data.table import ARROW
from slipway.rollout.client import Reply
from slipway.rollout.smoke import Sample, contract, malformed, parity, typed
from slipway.rollout.traffic import bodies
from slipway.settings import Card
from slipway.tasks.columns import ROW, SHUFFLED
from slipway.version.assemble import SCORE
from tests.slipway.data.small import card
from tests.slipway.serving.blind import blind
from tests.slipway.serving.browser import Browser

VALUES: dict[str, list[Any]] = {
    "integer": [3, 2**53 + 1, -1],
    "number": [0.5, -2.0, 1e300],
    "string": ["a", "é" * 99, "b c"],
    "timestamp": [datetime(2024, 1, 31), datetime(1950, 6, 1), datetime(2030, 1, 1, 12, 30, 5, 7)],
}
LABEL = {"left": {"type": "integer", "role": "label"}}
UNITS = (
    {"row": {"type": "integer", "role": "unit", "source": ROW}},
    {"who": {"type": "string", "role": "unit"}},
)
TIMES = (
    {"time": {"type": "timestamp", "role": "time", "source": SHUFFLED}},
    {"at": {"type": "timestamp", "role": "time", "source": "Signed Up"}},
)
IDS = ({}, {"request_id": {"type": "string", "role": "request"}})
COLUMN = st.tuples(st.sampled_from(sorted(VALUES)), st.sampled_from([0.0, 1.0]))
INPUTS = st.lists(COLUMN, min_size=1, max_size=3)


@dataclass(frozen=True)
class Inside:
    """A client of the application in this process."""

    browser: Browser

    def get(self, path: str) -> Reply:
        """`GET path`."""
        answer = self.browser.get(path)
        return Reply(answer.status_code, answer.content, 1.0)

    def post(self, path: str, body: bytes) -> Reply:
        """`POST path`."""
        answer = self.browser.post(path, content=body)
        return Reply(answer.status_code, answer.content, 1.0)


def sample(of: Card) -> Sample:
    """Three rows as they come from training; every second value is missing where one may be."""
    rows = {}
    for place, name in enumerate(of.data.inputs):
        column = of.data.columns[name]
        values = VALUES[column.type]
        if column.role:
            start = datetime(2024, 1, 1)
            values = [start + timedelta(days=day) for day in range(3)] if column.role == "time" else values
        elif column.null_share:
            values = [None if (row + place) % 2 else value for row, value in enumerate(values)]
        rows[name] = pa.array(values, ARROW[column.type])
    table = pa.table({**rows, SCORE: pa.array([0.5] * 3)})
    columns = {name: of.data.columns[name] for name in of.data.inputs}
    bounds = np.arange(4)
    return Sample(of.name, of.data, of.task, table, bounds, bodies(columns, table, bounds), 1e-6)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(st.sampled_from(UNITS), st.sampled_from(TIMES), st.sampled_from(IDS), INPUTS)
@example(UNITS[0], TIMES[0], IDS[0], [("number", 1.0)])
@example(UNITS[0], TIMES[0], IDS[0], [("string", 1.0)])
@example(UNITS[0], TIMES[1], IDS[1], [("timestamp", 1.0), ("integer", 1.0)])
def test_what_smoke_sends_is_sound(
    unit: dict[str, Any], time: dict[str, Any], ids: dict[str, Any], inputs: list[tuple[str, float]]
) -> None:
    """However little a row holds; and a malformed request is refused however much of it may be missing."""
    more = {
        f"column_{place}": {"type": kind, "null_share": share, "source": f"Column {place}"}
        for place, (kind, share) in enumerate(inputs)
    }
    source = {"kind": "table", "format": "csv", "missing": ["NA", "-999"], "trim": True}
    made = card(source, {**ids, **time, **unit, **more, **LABEL})
    found = sample(made)
    asked: Any = Inside(blind(made, found.rows.drop_columns([SCORE]).schema))

    checks = [*contract(asked, made.name, 1), *parity(asked, found, 1), typed(asked, found, 1)]
    assert [str(check) for check in [*checks, malformed(asked, found)] if not check.passed] == []
