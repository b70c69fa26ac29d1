"""How near a logistic regression comes to boosting on the ad clicks, given what a person knows of them.

    python -m benchmarks.bench_baseline data/ad_click/full/split

Three designs, each with one column for each value: what the card lists; numbers in sixteen bins beside it;
and crosses of category with device, hour and price beside these. The last knows that a price is dear for its
category, at which hours a category is wanted and on which device, which is how the generator was written.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.preprocessing import OneHotEncoder

from slipway.data.requests import request_bounds
from slipway.settings.root import Project

Columns = dict[str, NDArray[np.int64]]

LISTED = (
    "user_id",
    "ad_id",
    "advertiser_id",
    "category",
    "format",
    "placement",
    "slot",
    "device",
    "hour",
)
NUMBERS = ("user_views", "price", "ad_views", "rate", "seen_before")
CROSSES = (("category", "device"), ("category", "hour"), ("category", "price"))
BINS = 16


def main(split: Path) -> None:
    """Print the log loss on the holdout of each design, and what the ads that it ranks first truly earn."""
    parts = [_read(split / f"{part}.parquet") for part in ("train", "holdout")]
    train, holdout = (columns for columns, _ in parts)
    labels, truth = (clicked for _, clicked in parts)
    task, chances = Project.find(Path(__file__).parent).card("ad_click").task, _truth(split)
    starts = request_bounds(pq.read_table(split / "holdout.parquet")["request_id"].to_numpy())[:-1]
    for name, keys in _designs():
        encoders = [OneHotEncoder(handle_unknown="ignore", min_frequency=2) for _ in keys]
        for encoder, key in zip(encoders, keys, strict=True):
            encoder.fit(_cross(train, key)[:, None])
        fitted, judged = (
            sparse.hstack(
                [
                    encoder.transform(_cross(columns, key)[:, None])
                    for encoder, key in zip(encoders, keys, strict=True)
                ]
            ).tocsr()
            for columns in (train, holdout)
        )
        model = LogisticRegression(C=0.05, max_iter=300).fit(fitted, labels)
        scores = model.predict_proba(judged)[:, 1]
        loss, earned = log_loss(truth, scores), task.earned(scores, chances, starts)
        print(f"| {name} | {fitted.shape[1]:,} columns | {loss:.4f} | {earned:.4f} |", flush=True)


def _designs() -> Iterator[tuple[str, list[tuple[str, ...]]]]:
    listed: list[tuple[str, ...]] = [*((name,) for name in LISTED), ("placement", "device")]
    binned = [*listed, *((name,) for name in NUMBERS)]
    yield "as listed, numbers left out", listed
    yield f"with numbers in {BINS} bins", binned
    yield "with these and three crosses", [*binned, *CROSSES]


def _read(path: Path) -> tuple[Columns, NDArray[np.int64]]:
    """Codes of each column, [rows]; of numbers, bins between the training part's quantiles."""
    table, train = pq.read_table(path), pq.read_table(path.with_name("train.parquet"))
    columns: Columns = {}
    for name in LISTED[:-1]:
        every = np.unique(train[name].to_numpy())
        found = table[name].to_numpy()
        place = np.searchsorted(every, found).clip(max=len(every) - 1)
        columns[name] = np.where(every[place] == found, place, -1)
    columns["hour"] = table["time"].cast("int64").to_numpy() // 3_600_000_000 % 24
    for name in NUMBERS:
        values, seen = (_numbers(one, name) for one in (table, train))
        edges = np.unique(np.nanquantile(seen, np.linspace(0, 1, BINS + 1)[1:-1]))
        columns[name] = np.where(np.isnan(values), -1, np.digitize(values, edges))
    return columns, table["clicked"].to_numpy()


def _truth(split: Path) -> NDArray[np.float64]:
    return np.asarray(pq.read_table(split / "holdout.truth.parquet")["probability"].to_numpy(), np.float64)


def _numbers(table: "pq.Table", name: str) -> NDArray[np.float64]:
    if name == "rate":
        return (table["ad_clicks"].to_numpy() + 1) / (table["ad_views"].to_numpy() + 10)
    return np.asarray(table[name].to_numpy(), np.float64)


def _cross(columns: Columns, key: tuple[str, ...]) -> NDArray[np.int64]:
    """One number for each pair of values, [rows]."""
    found = columns[key[0]]
    for name in key[1:]:
        found = found * 1_000_000 + columns[name] + 1
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]))
