"""Who and what there is: users, advertisers and ads, and what the log's system believes of the ads."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

OFFERED = 4
"""Ads that take turns in one slot."""
SEGMENTS = 8
CATEGORIES = 20
DEVICES = ("phone", "tablet", "desktop")
FORMATS = ("video", "image", "install")
FORMAT_SHARE = (0.3, 0.5, 0.2)


@dataclass(frozen=True)
class Market:
    """Arrays are indexed by user, ad, advertiser or category.

    Attributes:
        guess: [ads]; the quality of each as the log's system sees it, which is not quite what it is.
        trend: [advertisers]; by how much appeal changes from the first day to the last.
    """

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
    format: Ints
    guess: Floats
    trend: Floats

    def belief(self, ad: Ints, user: Ints) -> Floats:
        """How much the log's system thinks of an ad for a user; it knows no device, hour or price."""
        return self.guess[ad] + self.taste[self.segment[user], self.category[self.advertiser[ad]]]


def draw(random: np.random.Generator, users: int, ads: int) -> Market:
    """A market of that size."""
    advertisers = min(500, max(20, ads // 10))
    ads_of_place = ads // OFFERED
    segment = random.integers(0, SEGMENTS, users)
    category = random.permutation(np.arange(advertisers) % CATEGORIES)
    advertiser = random.permutation(np.arange(ads) % advertisers)
    quality = random.normal(0.0, 0.4, ads) + random.normal(0.0, 0.3, advertisers)[advertiser]
    return Market(
        device_share=random.dirichlet((1.5, 0.5, 1.0), SEGMENTS).cumsum(axis=1),
        segment=segment,
        budget=np.exp(random.normal(0.0, 0.15, users)),
        shortlist=tail(random.random((users, OFFERED, 3)), ads_of_place),
        advertiser=advertiser,
        category=category,
        price=np.exp(random.normal(0.0, 0.5, ads)) * (10 + 5 * category[advertiser]),
        quality=quality,
        taste=random.normal(0.0, 0.6, (SEGMENTS, CATEGORIES)),
        rhythm=random.uniform(0, 24, CATEGORIES),
        appeal_by_device=random.normal(0.0, 1.6, (len(DEVICES), CATEGORIES)),
        format=random.choice(len(FORMATS), ads, p=FORMAT_SHARE),
        guess=quality + random.normal(0.0, 0.3, ads),
        trend=random.normal(-0.08, 0.3, advertisers),
    )


def tail(uniform: Floats, count: int) -> Ints:
    """Uniform numbers as indices below `count`, the first ones far more often."""
    return np.floor(count * uniform**1.5).astype(np.int64)
