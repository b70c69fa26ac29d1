"""What a card's rollout can never do where its traffic flows: refused by the plan, before anything starts.

Live traffic comes at its own rate, and its outcomes in real time. A replay sends requests as fast as they are
answered, and knows outcomes by the times of its rows, so that a duration in minutes says nothing of either.
"""

import math

import numpy as np
from numpy.typing import NDArray

from slipway.base.errors import UsageError
from slipway.rollout.plan import requests_needed
from slipway.settings import Card

DAY = 1440
"""Minutes."""


def window_hours(card: Card) -> float:
    """From a request in live traffic until its outcome counts, in both arms alike.

    Raises:
        UsageError: the card has no such time.
    """
    window, known = card.rollout.maturity_hours, card.data.column("known_at")
    if window is None and known is not None:
        raise UsageError(
            f"{_at(card)}: rollout.maturity_hours: found none, and labels become known row by row "
            f"(data.columns.{known}); expected hours after which the outcomes of live traffic count"
        )  # guard rollout.window
    return card.data.label_delay_hours if window is None else window


def require_time(card: Card) -> list[str]:
    """Refuse a rollout in live traffic that has too little time; else say how long it takes.

    The time is that of shadow and canary together, of which either waits for its last outcomes; a live arena
    asks before both.

    Raises:
        UsageError: it ends before the card's requests have come, or before the last outcomes count.
    """
    rollout, rate = card.rollout, card.problem.peak_queries_per_second
    needed, wait = requests_needed(rollout), 60 * window_hours(card)
    before = _of_shadow(card, wait)
    sending = needed / rate / 60
    watched = max(sending, DAY * rollout.min_duration_days)
    most = rollout.max_duration_minutes
    first = f" after {before:,.1f} minutes of a shadow at most" if before else ""
    if before + sending + wait > most:
        raise UsageError(
            f"{_at(card)}: rollout.max_duration_minutes: found {most:g}, but {needed:,} requests take "
            f"{sending:,.1f} minutes at {rate:,} a second (problem.peak_queries_per_second){first}, and the "
            f"last outcomes count {wait:,.0f} minutes later; expected at least "
            f"{_up(before + sending + wait)} minutes or smaller steps"
        )  # guard rollout.duration
    if before + watched + wait > most:
        raise UsageError(
            f"{_at(card)}: rollout.max_duration_minutes: found {most:g}, but rollout.min_duration_days "
            f"asks for {rollout.min_duration_days:g} days of live traffic{first}, and the last outcomes "
            f"count {wait:,.0f} minutes later; expected at least {_up(before + watched + wait)} minutes"
        )  # guard rollout.min_duration
    took = f"at {rate:,} requests a second {needed:,} take {sending:,.1f} minutes{first}"
    return [
        f"{took}; {watched / DAY:.3g} days of live traffic, and {wait / DAY:.3g} more until outcomes count"
    ]


def _of_shadow(card: Card, wait: float) -> float:
    """Minutes until a shadow has asked its last request and knows what came of it; 0 where there is none."""
    if card.problem.outcome_depends_on_answer is not False:
        return 0.0
    return card.rollout.shadow.requests / card.problem.peak_queries_per_second / 60 + wait


def require_warm_up(card: Card) -> None:
    """Refuse a replay without a warm-up: nobody else says what stable's latency was before.

    Raises:
        UsageError: there is none, and so the canary's latency could never be judged.
    """
    if card.rollout.warmup_requests == 0:
        raise UsageError(
            f"{_at(card)}: rollout.warmup_requests: found 0, but a replay learns from its warm-up what takes "
            "long, and promotes no canary without; expected some, such as 200"
        )  # guard rollout.warm_up


def span(card: Card, times: NDArray[np.int64]) -> str:
    """How much time the rows of a replay span, for people who would have waited as long in live traffic.

    Args:
        times: int64 [requests]; when those of the plan were sent, rising, microseconds since 1970.
    """
    days = float(times[-1] - times[0]) / 86_400e6 if len(times) else 0.0
    least = card.rollout.min_duration_days
    short = f", less than the {least:g} that live traffic is watched for" if days < least else ""
    if card.data.columns[card.data.required("time")].made:
        return "the rows have no time of their own, so nothing here tells what wears off"
    return f"the requests span {days:.3g} days of their rows' time{short}"


def _at(card: Card) -> str:
    return f"systems/{card.name}/system.yaml"


def _up(minutes: float) -> str:
    return f"{math.ceil(minutes):,}"
