"""What the log's system did and knew: whom it chose with which chance, what it had counted, and when."""

import numpy as np

from .market import OFFERED, Floats, Ints, Market
from .requests import DAY, DAYS, START, Impressions

CHANCES = (0.625, 0.1875, 0.125, 0.0625)
"""Of being chosen, from the ad that is believed in most on; sixteenths, so that their sum is 1."""
WINDOW = (DAY // 144, DAY // 24, DAY // 4)
"""From showing a video, an image or an app until no click is waited for any more: 10 min, 1 h, 6 h."""


def choices(random: np.random.Generator, market: Market, shown: Impressions) -> tuple[Floats, Ints]:
    """The chance of each row to be the one of its request that is chosen, and whether it was, [rows]."""
    belief = market.belief(shown.ad, shown.user).reshape(-1, OFFERED)
    rank = (-belief).argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
    drawn = np.searchsorted(np.cumsum(CHANCES), random.random(len(belief)), side="right")
    return np.array(CHANCES)[rank].ravel(), (rank == drawn[:, None]).ravel().astype(np.int64)


def windows(market: Market, shown: Impressions) -> Ints:
    """From each row's time until its outcome is known, clicked or not, microseconds.

    A click might be told at once, its absence cannot: of the newest rows only clicks would be known.
    """
    return np.array(WINDOW)[market.format[shown.ad]]


def earlier(key: Ints, request: Ints) -> Ints:
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


def known_clicks(shown: Impressions, window: Ints, clicked: Ints) -> Ints:
    """The clicks on each row's ad that were known at the row's time; an ad has one window."""
    order = np.argsort(shown.ad, kind="stable")
    # ad and time as one sorted number: rows are in the order of time
    when = shown.ad * (DAYS * DAY * 2) + (shown.time - START)
    total = np.r_[0, clicked[order].cumsum()]
    until = np.searchsorted(when[order], when - window, side="right")
    first = np.searchsorted(shown.ad[order], shown.ad, side="left")
    return np.maximum(total[until] - total[first], 0)
