"""The true chance of a click: four causes that multiply, one of which drifts."""

import numpy as np

from .market import Floats, Ints, Market
from .requests import DAY, DAYS, START, Impressions

HOUR = DAY // 24
NOTICED = ((0.60, 0.10, 0.75, 0.12), (0.60, 0.35, 0.55, 0.20), (0.65, 0.50, 0.35, 0.10))
"""The share of ads that is noticed in the first slot, device by placement."""
SEEN_BY_SLOT = (1.0, 0.8, 0.6, 0.45)
"""How much of that is left in each slot, whichever ad is there."""


def probability(market: Market, shown: Impressions, seen: Ints) -> Floats:
    """Of every row, in [0.001, 0.9] and a multiple of 1e-6.

    Args:
        seen: [rows]; how often the user saw the advertiser before.
    """
    advertiser = market.advertiser[shown.ad]
    category = market.category[advertiser]
    distance = np.abs((shown.time % DAY / HOUR - market.rhythm[category] + 12) % 24 - 12)
    appeal = (
        market.quality[shown.ad]
        + market.trend[advertiser] * ((shown.time - START) / (DAYS * DAY))
        + market.taste[market.segment[shown.user], category]
        + market.appeal_by_device[shown.device, category]
        + np.where(distance < 4, 2.0, -1.0)
    )
    affordable = np.where(shown.price <= market.budget[shown.user] * (10 + 5 * category), 1.0, 0.08)
    fresh = 0.35 + 0.65 * np.exp(-0.6 * seen)
    noticed = np.array(NOTICED)[shown.device, shown.placement] * np.array(SEEN_BY_SLOT)[shown.slot]
    found = noticed * affordable * fresh / (1 + np.exp(0.0 - 1.2 * appeal))
    # beyond six digits, platforms need not agree
    return np.round(np.clip(found, 0.001, 0.9), 6)
