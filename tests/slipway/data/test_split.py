"""Parts by time: in order, apart, and no request in two."""

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from slipway.base.errors import SlipwayError
from slipway.data.parquet import ROW_GROUP, batches_between, write_batches
from slipway.data.parts import check_parts, read_manifest
from slipway.data.split import PARTS, boundaries, split_rows
from slipway.settings import Card, load_card
from slipway.settings.data import Split
from slipway.system import load_system
from tests.slipway.root import ROOT

ALONE = np.arange(1000)
"""Each row is a request of its own."""


@pytest.fixture(scope="module")
def card() -> Card:
    """The card of ad_click with 10 % validation, 15 % holdout and 20 % replay."""
    found = load_card(ROOT, "ad_click")
    shares = Split(validation=0.1, holdout=0.15, replay=0.2)
    return found.model_copy(update={"data": found.data.model_copy(update={"split": shares})})


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four thousand generated rows."""
    out = tmp_path_factory.mktemp("raw")
    load_system("ad_click", ROOT).generate(4000, 17, out)
    return out


def test_shares(card: Card) -> None:
    """Without ties the parts have the card's shares."""
    assert boundaries(card, np.arange(1000), ALONE) == [0, 550, 650, 800, 1000]


def test_ties_shift_a_boundary(card: Card) -> None:
    """A part begins at a time that no earlier part has."""
    time = np.arange(1000)
    time[540:600] = 540

    assert boundaries(card, time, ALONE) == [0, 540, 650, 800, 1000]


def test_a_request_over_two_times_is_not_cut(card: Card) -> None:
    """Options of one request stay together even where their times differ."""
    request = np.arange(1000)
    request[[545, 560]] = 545

    assert boundaries(card, np.arange(1000), request) == [0, 545, 650, 800, 1000]


@pytest.mark.parametrize("times", [1, 3])
def test_too_few_times(card: Card, times: int) -> None:
    """What cannot be cut is an error."""
    with pytest.raises(SlipwayError, match=f"{times} times"):
        boundaries(card, np.sort(np.arange(100) % times), ALONE[:100])


def test_unsorted(card: Card) -> None:
    """Rows out of order are an error, not a leak."""
    with pytest.raises(SlipwayError, match="not sorted"):
        boundaries(card, np.array([1, 0, 2, 3, 4]), ALONE[:5])


@given(
    steps=st.lists(st.integers(0, 3), min_size=4, max_size=200),
    sizes=st.lists(st.integers(1, 5), min_size=200, max_size=200),
)
def test_properties(card: Card, steps: list[int], sizes: list[int]) -> None:
    """However times tie and requests spread, parts are apart and cover every row, or it is refused."""
    time = np.cumsum(steps)
    request = np.repeat(np.arange(len(sizes)), sizes)[: len(time)]
    try:
        bounds = boundaries(card, time, request)
    except SlipwayError:
        return

    assert (bounds[0], bounds[-1]) == (0, len(time))
    assert bounds == sorted(set(bounds))
    for bound in bounds[1:-1]:
        assert time[bound - 1] < time[bound]
        assert not set(request[:bound]) & set(request[bound:])


@pytest.mark.parametrize("delay", [0.0, 24.0])
def test_parts_are_the_rows(card: Card, raw: Path, tmp_path: Path, delay: float) -> None:
    """Put together, they are the rows and their truth but for what came too late, and pass their checks."""
    card = card.model_copy(update={"data": card.data.model_copy(update={"label_delay_hours": delay})})
    manifest = split_rows(card, load_system("ad_click", ROOT), "small", raw, tmp_path / "split")

    rows, starts = pq.read_table(raw / "rows.parquet"), [manifest.parts[part].start for part in PARTS]
    times = np.array([time.replace(tzinfo=UTC) for time in rows["time"].to_pylist()])
    after = np.array([*starts[1:], datetime.max.replace(tzinfo=UTC)])[
        np.searchsorted(starts, times, "right") - 1
    ]
    kept = times + timedelta(hours=delay) < after
    for name, pattern in (("rows", "{}.parquet"), ("truth", "{}.truth.parquet")):
        parts = [pq.read_table(tmp_path / "split" / pattern.format(part)) for part in PARTS]
        assert pa.concat_tables(parts).equals(pq.read_table(raw / f"{name}.parquet").filter(pa.array(kept)))
    assert sum(part.left_out or 0 for part in manifest.parts.values()) == (~kept).sum()
    assert kept.all() == (delay == 0)
    assert manifest == read_manifest(tmp_path / "split")
    assert all(check.passed for check in check_parts(card, load_system("ad_click", ROOT), tmp_path / "split"))


def test_copies_of_earlier_rows_are_left_out(card: Card, raw: Path, tmp_path: Path) -> None:
    """Requests that come once more, under another number and at another time; they are counted."""
    rows, system = pq.read_table(raw / "rows.parquet"), load_system("ad_click", ROOT)
    bounds = boundaries(card, *(rows[name].to_numpy().astype(np.int64) for name in ("time", "request_id")))
    taken = np.arange(len(rows))
    # Of the holdout, the first ten requests are those of the first training rows.
    taken[bounds[2] : bounds[2] + 40] = taken[:40]
    copied = rows.take(taken)
    for place, name in enumerate(rows.column_names):
        if name in ("request_id", "time"):
            copied = copied.set_column(place, name, rows[name])
    (tmp_path / "raw").mkdir()
    pq.write_table(copied, tmp_path / "raw" / "rows.parquet")
    for name, source in (("without", raw), ("with", tmp_path / "raw")):
        split_rows(card, system, "small", source, tmp_path / name)

    before, after = (read_manifest(tmp_path / name).parts for name in ("without", "with"))
    assert [before[part].copies for part in PARTS] == [0, 0, 0, 0]
    assert [after[part].copies for part in PARTS] == [0, 0, 40, 0]
    assert after["holdout"].rows == before["holdout"].rows - 40
    assert [after[part].left_out for part in PARTS] == [before[part].left_out for part in PARTS]
    assert after["train"].sha256 == before["train"].sha256
    assert all(check.passed for check in check_parts(card, system, tmp_path / "with"))


def test_same_bytes_twice(card: Card, raw: Path, tmp_path: Path) -> None:
    """Splitting again gives the same bytes."""
    for name in ("one", "two"):
        split_rows(card, load_system("ad_click", ROOT), "small", raw, tmp_path / name)

    first, second = ([file.read_bytes() for file in _files(tmp_path / name)] for name in ("one", "two"))
    assert first == second


def test_failure_writes_nothing(card: Card, tmp_path: Path) -> None:
    """Without rows there is one line and no folder."""
    with pytest.raises(SlipwayError, match=r"rows\.parquet: no such file"):
        split_rows(card, load_system("ad_click", ROOT), "small", tmp_path / "raw", tmp_path / "split")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [1, 1000, 100_000, 200_000])
def test_row_groups_do_not_depend_on_batches(tmp_path: Path, size: int) -> None:
    """However rows arrive, the file is the same, and any slice of it can be read back."""
    rows: NDArray[np.int64] = np.arange(ROW_GROUP * 2 + 5)[:: 1 if size > 1 else 1000]
    table = pa.table({"n": rows})

    for name, batches in (("a", table.to_batches(size)), ("b", table.to_batches())):
        assert write_batches(tmp_path / name, table.schema, batches) == len(rows)

    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    stop = len(rows) - 3
    read = pa.Table.from_batches(batches_between(tmp_path / "a", 7, stop))
    assert read["n"].to_numpy().tolist() == rows[7:stop].tolist()


def _files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def test_what_dvc_shows_is_what_the_parts_hold(card: Card, raw: Path, tmp_path: Path) -> None:
    """Rows, labels and what is missing, in all and period by period; the same bytes for the same rows."""
    system, table = load_system("ad_click", ROOT), pq.read_table(raw / "rows.parquet")
    for name in ("one", "two"):
        manifest = split_rows(card, system, "small", raw, tmp_path / name / "split", told=True)
    for name in ("metrics.json", "labels.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()

    told = json.loads((tmp_path / "one" / "metrics.json").read_text())
    lacking = {name: table[name].null_count / len(table) for name in table.column_names}
    assert told["rows"] == len(table)
    assert told["missing"] == {name: share for name, share in lacking.items() if share}
    with (tmp_path / "one" / "labels.csv").open() as file:
        periods = list(csv.DictReader(file))
    assert [int(one["period"]) for one in periods] == list(range(1, 41))
    for part, summary in manifest.parts.items():
        own = [one for one in periods if one["part"] == part]
        rows = np.array([int(one["rows"]) for one in own])
        rates = np.array([float(one["label"]) for one in own])
        assert told[part]["rows"] == rows.sum() == summary.rows
        assert told[part]["labels"] == summary.labels
        assert rates @ rows / rows.sum() == pytest.approx(summary.labels["base_rate"])
        assert datetime.fromisoformat(own[0]["from"]) == summary.start
