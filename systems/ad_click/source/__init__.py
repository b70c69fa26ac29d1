"""A seeded market of users, ads and impressions whose true click probabilities are known.

A request is a slot on a page, in which four ads take turns. A click needs the ad to be noticed (device x
placement x slot), to appeal (quality of the ad, taste of the user, hour, and a slow trend), to be affordable
(a threshold per user and category) and not to be worn out (decay with the times this user saw the
advertiser). The four multiply, which no candidate model does.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from . import log, market, requests
from .clicks import probability
from .market import DEVICES, FORMATS, OFFERED, Ints
from .requests import PLACEMENTS


def generate(rows: int, seed: int, out: Path) -> None:
    """Write `rows.parquet` and `truth.parquet` into the folder `out`; the same seed gives the same bytes."""
    random = np.random.default_rng(seed)
    asked = -(-rows // OFFERED)
    there = market.draw(random, users=min(100_000, 20 + asked * 2 // 5), ads=min(10_000, 40 + rows // 40))
    shown = requests.draw(random, there, asked)
    advertiser = there.advertiser[shown.ad]
    seen = log.earlier(shown.user * (advertiser.max() + 1) + advertiser, shown.request)
    truth = probability(there, shown, seen)
    clicked = (random.random(len(truth)) < truth).astype(np.int64)
    propensity, chosen = log.choices(random, there, shown)
    window = log.windows(there, shown)
    columns = {
        "request_id": shown.request,
        "time": _times(shown.time),
        "user_id": shown.user,
        "placement": _names(PLACEMENTS, shown.placement),
        "slot": shown.slot + 1,
        "device": _names(DEVICES, shown.device),
        "user_views": log.earlier(shown.user, shown.request),
        "ad_id": shown.ad,
        "advertiser_id": advertiser,
        "category": there.category[advertiser],
        "format": _names(FORMATS, there.format[shown.ad]),
        "price": pa.array(shown.price, mask=random.random(len(truth)) < 0.05),
        "ad_views": log.earlier(shown.ad, shown.request),
        "ad_clicks": log.known_clicks(shown, window, clicked),
        "seen_before": seen,
        "propensity": propensity,
        "chosen": chosen,
        "clicked": clicked,
        "known_at": _times(shown.time + window),
    }
    # The last request may be cut.
    _write(pa.table(columns).slice(0, rows), out / "rows.parquet")
    _write(pa.table({"probability": truth}).slice(0, rows), out / "truth.parquet")


def _times(times: Ints) -> pa.Array:
    return pa.array(times).cast(pa.timestamp("us"))


def _names(names: tuple[str, ...], codes: Ints) -> pa.Array:
    return pa.array(np.array(names)[codes])


def _write(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path, compression="zstd", row_group_size=131_072)
