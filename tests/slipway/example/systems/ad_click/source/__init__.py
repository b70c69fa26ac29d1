"""A seeded market of users, ads and impressions whose true click probabilities are known.

Four ads are offered per request. A click needs the ad to be noticed (device x placement), to appeal (quality
of the ad, taste of the user, hour), to be affordable (a threshold per user and category) and not to be worn
out (decay with the times this user saw the advertiser). The four multiply, which no candidate model does.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

START = 1_767_225_600_000_000
"""2026-01-01 00:00, microseconds since 1970."""
DAY = 86_400_000_000
HOUR = DAY // 24
DAYS = 21
OFFERED = 4
SEGMENTS = 8
CATEGORIES = 20
PLACEMENTS = ("top", "sidebar", "feed", "footer")
DEVICES = ("phone", "tablet", "desktop")

TRAFFIC = (3, 2, 1, 1, 1, 2, 4, 6, 8, 8, 7, 7, 9, 8, 7, 7, 7, 8, 10, 12, 13, 12, 9, 5)
"""Requests by hour of the day."""
NOTICED = ((0.60, 0.10, 0.75, 0.12), (0.60, 0.35, 0.55, 0.20), (0.65, 0.50, 0.35, 0.10))
"""The share of ads that is noticed, device by placement."""


@dataclass(frozen=True)
class Market:
    """Who and what there is; arrays are indexed by user, ad, advertiser or category."""

    device_share: Floats
    segment: Ints
    budget: Floats
    shortlist: Ints
    advertiser: Ints
    category: Ints
    price: Floats
    quality: Floats
    taste: Floats
    rhythm: Floats
    appeal_by_device: Floats


@dataclass(frozen=True)
class Impressions:
    """What was offered: one entry per row, in the order of time."""

    request: Ints
    time: Ints
    user: Ints
    placement: Ints
    device: Ints
    ad: Ints
    price: Floats


def generate(rows: int, seed: int, out: Path) -> None:
    """Write `rows.parquet` and `truth.parquet` into the folder `out`; the same seed gives the same bytes."""
    random = np.random.default_rng(seed)
    requests = -(-rows // OFFERED)
    market = _market(random, users=min(100_000, 20 + requests * 2 // 5), ads=min(10_000, 40 + rows // 40))
    shown = _impressions(random, market, requests, rows)
    advertiser = market.advertiser[shown.ad]
    pair = shown.user * (advertiser.max() + 1) + advertiser
    seen = _earlier(pair, shown.request)
    probability = _probability(market, shown, seen)
    clicked = (random.random(rows) < probability).astype(np.int64)
    columns = {
        "request_id": shown.request,
        "time": pa.array(shown.time).cast(pa.timestamp("us")),
        "user_id": shown.user,
        "placement": _names(PLACEMENTS, shown.placement),
        "device": _names(DEVICES, shown.device),
        "user_views": _earlier(shown.user, shown.request),
        "ad_id": shown.ad,
        "advertiser_id": advertiser,
        "category": market.category[advertiser],
        "price": pa.array(shown.price, mask=random.random(rows) < 0.05),
        "ad_views": _earlier(shown.ad, shown.request),
        "ad_clicks": _known_clicks(shown.ad, shown.time, clicked),
        "seen_before": seen,
        "clicked": clicked,
    }
    _write(pa.table(columns), out / "rows.parquet")
    _write(pa.table({"probability": probability}), out / "truth.parquet")


def _market(random: np.random.Generator, users: int, ads: int) -> Market:
    advertisers = min(500, max(20, ads // 10))
    ads_of_slot = ads // OFFERED
    segment = random.integers(0, SEGMENTS, users)
    category = random.permutation(np.arange(advertisers) % CATEGORIES)
    advertiser = random.permutation(np.arange(ads) % advertisers)
    return Market(
        device_share=random.dirichlet((1.5, 0.5, 1.0), SEGMENTS).cumsum(axis=1),
        segment=segment,
        budget=np.exp(random.normal(0.0, 0.15, users)),
        shortlist=_tail(random.random((users, OFFERED, 3)), ads_of_slot),
        advertiser=advertiser,
        category=category,
        price=np.exp(random.normal(0.0, 0.5, ads)) * (10 + 5 * category[advertiser]),
        quality=random.normal(0.0, 0.4, ads) + random.normal(0.0, 0.3, advertisers)[advertiser],
        taste=random.normal(0.0, 0.6, (SEGMENTS, CATEGORIES)),
        rhythm=random.uniform(0, 24, CATEGORIES),
        appeal_by_device=random.normal(0.0, 1.6, (len(DEVICES), CATEGORIES)),
    )


def _impressions(random: np.random.Generator, market: Market, requests: int, rows: int) -> Impressions:
    users, ads = len(market.segment), len(market.advertiser)
    time = _times(random, requests)
    user = random.permutation(users)[_tail(random.random(requests), users)]
    device = (random.random((requests, 1)) > market.device_share[market.segment[user]]).sum(axis=1)
    placement = random.integers(0, len(PLACEMENTS), requests)
    slot = np.arange(OFFERED)
    pick = random.integers(0, market.shortlist.shape[2], (requests, OFFERED))
    fresh = _tail(random.random((requests, OFFERED)), ads // OFFERED)
    known = market.shortlist[user[:, None], slot, pick]
    # each slot offers ads of its own, so no request offers one twice
    place = np.where(random.random((requests, OFFERED)) < 0.5, known, fresh) * OFFERED + slot
    ad = random.permutation(ads // OFFERED * OFFERED)[place].ravel()[:rows]
    request = np.repeat(np.arange(requests), OFFERED)[:rows]
    discount = random.uniform(0.6, 1.2, rows)
    return Impressions(
        request=request,
        time=time[request],
        user=user[request],
        placement=placement[request],
        device=device[request],
        ad=ad,
        price=np.round(market.price[ad] * discount, 2),
    )


def _probability(market: Market, shown: Impressions, seen: Ints) -> Floats:
    """The true click probability of every row, in [0.001, 0.9] and a multiple of 1e-6."""
    category = market.category[market.advertiser[shown.ad]]
    segment = market.segment[shown.user]
    hour = shown.time % DAY / HOUR
    distance = np.abs((hour - market.rhythm[category] + 12) % 24 - 12)
    appeal = (
        market.quality[shown.ad]
        + market.taste[segment, category]
        + market.appeal_by_device[shown.device, category]
        + np.where(distance < 4, 1.4, -0.7)
    )
    limit = market.budget[shown.user] * (10 + 5 * category)
    affordable = np.where(shown.price <= limit, 1.0, 0.08)
    fresh = 0.35 + 0.65 * np.exp(-0.6 * seen)
    noticed = np.array(NOTICED)[shown.device, shown.placement]
    probability = noticed * affordable * fresh / (1 + np.exp(0.6 - 1.2 * appeal))
    # beyond six digits, platforms need not agree
    return np.round(np.clip(probability, 0.001, 0.9), 6)


def _times(random: np.random.Generator, requests: int) -> Ints:
    """Sorted times in whole milliseconds, microseconds since 1970, with the rhythm of the day."""
    share = np.tile(np.array(TRAFFIC, np.float64), DAYS).cumsum()
    place = np.sort(random.random(requests)) * share[-1]
    hours = np.interp(place, np.r_[0.0, share], np.arange(len(share) + 1))
    return START + np.floor(hours * 3_600_000).astype(np.int64) * 1000


def _tail(uniform: Floats, count: int) -> Ints:
    """Uniform numbers as indices below `count`, the first ones far more often."""
    return np.floor(count * uniform**1.5).astype(np.int64)


def _earlier(key: Ints, request: Ints) -> Ints:
    """How many rows of earlier requests have the same key, [rows]."""
    order = np.argsort(key, kind="stable")
    keys, requests = key[order], request[order]
    new_key = np.r_[True, keys[1:] != keys[:-1]]
    new_request = new_key | np.r_[True, requests[1:] != requests[:-1]]
    place = np.arange(len(key))
    first_of_key = np.maximum.accumulate(np.where(new_key, place, 0))
    first_of_request = np.maximum.accumulate(np.where(new_request, place, 0))
    counts = np.empty(len(key), np.int64)
    counts[order] = first_of_request - first_of_key
    return counts


def _known_clicks(ad: Ints, time: Ints, clicked: Ints) -> Ints:
    """The clicks on each row's ad that were known, an hour after the impression, at the row's time."""
    order = np.argsort(ad, kind="stable")
    # ad and time as one sorted number: rows are in the order of time
    when = ad * (DAYS * DAY * 2) + (time - START)
    total = np.r_[0, clicked[order].cumsum()]
    until = np.searchsorted(when[order], when - HOUR, side="right")
    first = np.searchsorted(ad[order], ad, side="left")
    return np.maximum(total[until] - total[first], 0)


def _names(names: tuple[str, ...], codes: Ints) -> pa.Array:
    return pa.array(np.array(names)[codes])


def _write(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path, compression="zstd", row_group_size=131_072)
