"""The suite runs again on what was fetched, for a split may have come to DVC without its stages."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from slipway.base.errors import Refused
from slipway.data.check import read_summary
from slipway.stages.fetch import fetch
from tests.slipway.stages.data.conftest import Desk, of_data, rows, split_of, stage

CENTURY = 100 * 365 * 86_400 * 10**6
AGAIN = of_data(
    "check.again",
    "rows that fail the suite, in a split that no stage of DVC made",
    "the data fails its checks",
    "check",
    "no task after the check runs, no version registered",
    guard=["check.stops", "check.again"],
)


def a_rule(name: str, fed: str, reason: str) -> pytest.MarkDecorator:
    """The marker of one rule of the suite."""
    return of_data(name, fed, reason, "check")


def with_columns(table: pa.Table, **columns: Any) -> pa.Table:
    """The table with other columns."""
    for name, values in columns.items():
        place = table.column_names.index(name)
        table = table.set_column(place, name, pa.array(values))
    return table


def many_faults() -> tuple[pa.Table, list[str]]:
    """One fault to a column, and what must be said of each."""
    sound = rows()
    count = sound.num_rows
    twice = np.sort(np.r_[np.arange(count - 2), [100, 101]])
    table = sound.take(twice).drop_columns(["ad_views"])
    price = table["price"].fill_null(1.0).to_numpy().copy()
    price[count // 2 :][:4] = [-1.0, np.nan, np.inf, -np.inf]
    later = table["time"].cast(pa.int64()).to_numpy() + CENTURY
    broken = with_columns(
        table,
        price=price,
        device=["\0", "x" * 10**5, "toaster", *["phone"] * (count - 3)],
        time=pa.array(later).cast(pa.timestamp("us")),
        advertiser_id=np.arange(count, dtype=np.float64),
        category=pa.nulls(count, pa.int64()),
    )
    return with_columns(broken, seen_before=broken["clicked"].to_pylist()), [
        "ad_views: to exist: the column is missing",
        'price: values to be between {"min_value": 0.0}: 2 of 1984 values, such as -1.0, -inf',
        "price: must be a finite number: 3 rows are not",
        "device: must be text of at most 10000 characters without NUL: 2 rows are not",
        r"3 of 1984 values, such as \x00, toaster, xxx",
        "time: must be a timestamp from 1970 until now: 1984 rows are not",
        "advertiser_id: must be of type BIGINT: found DOUBLE",
        "category: values to not be null: 1984 of 1984 values",
        "seen_before: must not tell the label: alone it separates the classes with an AUC above 0.999",
        "request_id, ad_id: compound columns to be unique: 4 of 1984 values",
    ]


@AGAIN
@a_rule("check.column", "rows without a column of the card", "ad_views: to exist")
@a_rule("check.type", "a column of another type", "advertiser_id: must be of type BIGINT")
@a_rule(
    "check.sound",
    "NaN, infinities, NUL, endless text and times to come, however the rows came to DVC",
    "price: must be a finite number",
)
@a_rule("check.values", "a value that the card does not list", "device: values to be in set")
@pytest.mark.gate("check.range")
@pytest.mark.gate("check.leak")
@pytest.mark.gate("check.key")
def test_broken_rows_stop_again(desk: Desk, tmp_path: Path) -> None:
    """The same suite on what was really fetched; every fault is told."""
    broken, faults = many_faults()
    data = split_of(broken, tmp_path / "broken")

    with pytest.raises(Refused, match=r"the data fails its checks: .*; and \d+ more$") as caught:
        stage("check", desk.run(data=data), desk, data)

    failed = read_summary(desk.out / "summary.json").failed_critical
    assert [fault for fault in faults if not any(fault in one for one in failed)] == []
    assert str(caught.value).isprintable()
    desk.nothing_done(str(caught.value))


def test_sound_rows_go_on(desk: Desk) -> None:
    """What the test above breaks holds as it is."""
    fetch(desk.run(), desk.out / "data")
    stage("check", desk.run(), desk, desk.out / "data")

    assert desk.registry.records() == []
