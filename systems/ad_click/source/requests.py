"""Who asks, when and where, and which ads the log's system puts on offer."""

from dataclasses import dataclass

import numpy as np

from .market import OFFERED, Floats, Ints, Market, tail

START = 1_767_225_600_000_000
"""2026-01-01 00:00, microseconds since 1970."""
DAY = 86_400_000_000
DAYS = 21
PLACEMENTS = ("top", "sidebar", "feed", "footer")
SLOT_SHARE = (0.4, 0.3, 0.2, 0.1)
"""Requests for the first to the last slot of a page."""
BELIEVED = (0.95, 0.7, 0.3, 0.05)
"""How often, by slot, the log's system takes the one of two ads that it believes in more."""

TRAFFIC = (3, 2, 1, 1, 1, 2, 4, 6, 8, 8, 7, 7, 9, 8, 7, 7, 7, 8, 10, 12, 13, 12, 9, 5)
"""Requests by hour of the day."""


@dataclass(frozen=True)
class Impressions:
    """What was offered: one entry per row, in the order of time; `slot` counts from 0."""

    request: Ints
    time: Ints
    user: Ints
    placement: Ints
    slot: Ints
    device: Ints
    ad: Ints
    price: Floats


def draw(random: np.random.Generator, market: Market, requests: int) -> Impressions:
    """So many requests, each with its `OFFERED` rows."""
    users, ads = len(market.segment), len(market.advertiser)
    time = _times(random, requests)
    user = random.permutation(users)[tail(random.random(requests), users)]
    device = (random.random((requests, 1)) > market.device_share[market.segment[user]]).sum(axis=1)
    placement = random.integers(0, len(PLACEMENTS), requests)
    slot = random.choice(len(SLOT_SHARE), requests, p=SLOT_SHARE)
    shuffled = random.permutation(ads // OFFERED * OFFERED)
    one, other = (_ads(random, market, user, shuffled) for _ in range(2))
    # Here slot and ad come to go together: who is believed in stands where more is seen.
    more = random.random((requests, OFFERED)) < np.array(BELIEVED)[slot][:, None]
    better = market.belief(one, user[:, None]) >= market.belief(other, user[:, None])
    ad = np.where(better == more, one, other).ravel()
    request = np.repeat(np.arange(requests), OFFERED)
    discount = random.uniform(0.6, 1.2, len(request))
    return Impressions(
        request=request,
        time=time[request],
        user=user[request],
        placement=placement[request],
        slot=slot[request],
        device=device[request],
        ad=ad,
        price=np.round(market.price[ad] * discount, 2),
    )


def _ads(random: np.random.Generator, market: Market, user: Ints, shuffled: Ints) -> Ints:
    """Ads for each request, [requests, OFFERED], half of them from the user's short list.

    Each place has ads of its own, so no request offers one twice.
    """
    size, place = (len(user), OFFERED), np.arange(OFFERED)
    known = market.shortlist[user[:, None], place, random.integers(0, market.shortlist.shape[2], size)]
    fresh = tail(random.random(size), len(shuffled) // OFFERED)
    return shuffled[np.where(random.random(size) < 0.5, known, fresh) * OFFERED + place]


def _times(random: np.random.Generator, requests: int) -> Ints:
    """Sorted times in whole milliseconds, microseconds since 1970, with the rhythm of the day."""
    share = np.tile(np.array(TRAFFIC, np.float64), DAYS).cumsum()
    place = np.sort(random.random(requests)) * share[-1]
    hours = np.interp(place, np.r_[0.0, share], np.arange(len(share) + 1))
    return START + np.floor(hours * 3_600_000).astype(np.int64) * 1000
