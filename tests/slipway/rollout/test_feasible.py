"""What a rollout can never do where its traffic flows is refused before anything starts."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slipway.base.errors import UsageError
from slipway.rollout.feasible import require_time, require_warm_up, span, window_hours
from slipway.rollout.plan import requests_needed
from slipway.rollout.replay import Replay
from slipway.settings import Card, load_card
from tests.slipway.rollout.live import traffic
from tests.slipway.root import ROOT

WEEK = 7 * 1440
HOUR = 60
NOTHING = "no weight is set and no request sent"


def plan_gate(name: str, fed: str, reason: str) -> pytest.MarkDecorator:
    """The row of what a plan refuses."""
    return pytest.mark.gate(name, fed=fed, stops="canary", exit=2, reason=reason, untouched=NOTHING)


def card(rate: int = 400, **changes: Any) -> Card:
    """The shipped card with another rollout: 23,200 requests, of which the outcomes come after an hour."""
    found = load_card(ROOT, "ad_click")
    rollout = found.rollout.model_copy(update=changes)
    problem = found.problem.model_copy(update={"peak_queries_per_second": rate})
    return found.model_copy(update={"rollout": rollout, "problem": problem})


@plan_gate(
    "rollout.min_duration",
    "live traffic, and a maximum duration below the minimum and the wait for the last outcomes",
    "rollout.max_duration_minutes",
)
def test_live_traffic_is_watched_for_a_week() -> None:
    """23,200 requests at 400 a second are a minute of one day."""
    with pytest.raises(UsageError, match=r"rollout\.max_duration_minutes: found 61, but") as told:
        require_time(card(max_duration_minutes=HOUR + 1.0))
    assert "7 days of live traffic, and the last outcomes count 60 minutes later" in str(told.value)
    assert "expected at least 10,140 minutes" in str(told.value)

    with pytest.raises(UsageError):
        require_time(card(max_duration_minutes=WEEK + HOUR - 1.0))
    (line,) = require_time(card(max_duration_minutes=float(WEEK + HOUR)))
    assert line.startswith("at 400 requests a second 23,200 take 1.0 minutes; 7 days of live traffic")


@plan_gate(
    "rollout.duration",
    "live traffic that does not send what the steps ask for before the maximum duration is over, or whose "
    "outcomes do not count by then",
    "rollout.max_duration_minutes",
)
def test_the_requests_and_their_outcomes_come_in_time() -> None:
    """At the rate of the card; a label that is known after an hour decides nothing within half an hour."""
    with pytest.raises(UsageError, match=r"23,200 requests take 1\.0 minutes at 400 a second"):
        require_time(card(max_duration_minutes=30.0, min_duration_days=0.0))
    with pytest.raises(UsageError, match=r"38\.7 minutes at 10 a second .* at least 99 minutes"):
        require_time(card(rate=10, max_duration_minutes=90.0, min_duration_days=0.0))

    assert require_time(card(rate=10, max_duration_minutes=99.0, min_duration_days=0.0))


def test_a_slow_system_is_watched_until_its_requests_have_come() -> None:
    """One request a minute and a half, or so."""
    (line,) = require_time(card(rate=1, max_duration_minutes=500.0, min_duration_days=0.1))

    assert "23,200 take 386.7 minutes; 0.269 days of live traffic" in line


def test_a_shadow_takes_of_the_same_time() -> None:
    """Up to 10,000 requests at ten a second, and an hour for its own outcomes, before the canary's."""
    given = card(rate=10, max_duration_minutes=175.0, min_duration_days=0.0)
    problem = given.problem.model_copy(update={"outcome_depends_on_answer": False})
    shadowed = given.model_copy(update={"problem": problem})

    assert require_time(given)
    with pytest.raises(UsageError, match=r"after 76\.7 minutes of a shadow at most, .* at least 176 minutes"):
        require_time(shadowed)
    enough = given.rollout.model_copy(update={"max_duration_minutes": 176.0})
    (line,) = require_time(shadowed.model_copy(update={"rollout": enough}))
    assert "38.7 minutes after 76.7 minutes of a shadow at most" in line
    week = enough.model_copy(update={"min_duration_days": 7.0, "max_duration_minutes": float(WEEK + HOUR)})
    with pytest.raises(UsageError, match=r"min_duration_days asks for 7 days of live traffic after 76\.7"):
        require_time(shadowed.model_copy(update={"rollout": week}))


@plan_gate(
    "rollout.window",
    "live traffic of a card whose labels become known row by row, without a window for outcomes",
    "rollout.maturity_hours: found none",
)
def test_live_outcomes_have_one_window() -> None:
    """The label delay, or the hours that the card gives; a column with times is none."""
    found = card()
    columns = found.data.columns | {
        "seen_at": found.data.columns["time"].model_copy(update={"role": "known_at"})
    }
    by_row = found.data.model_copy(update={"columns": columns, "label_delay_hours": 0.0})
    known = found.model_copy(update={"data": by_row})

    assert window_hours(found) == 1.0
    assert window_hours(card(maturity_hours=5.0)) == 5.0
    with pytest.raises(UsageError, match=r"maturity_hours: found none, and labels .*data\.columns\.seen_at"):
        window_hours(known)
    rollout = known.rollout.model_copy(update={"maturity_hours": 2.0})
    assert window_hours(known.model_copy(update={"rollout": rollout})) == 2.0


@plan_gate(
    "rollout.warm_up",
    "a replay without a warm-up, from which it learns what is slow",
    "rollout.warmup_requests: found 0",
)
def test_a_replay_needs_a_warm_up() -> None:
    """Without, stable's latency is unknown, and so the canary's never passes."""
    with pytest.raises(UsageError, match=r"rollout\.warmup_requests: found 0"):
        require_warm_up(card(warmup_requests=0))

    require_warm_up(card(warmup_requests=1))


def test_a_replay_says_how_much_time_its_rows_span(tmp_path: Path) -> None:
    """It keeps neither the minimum duration nor, in minutes, the label delay: it lives in its rows' time."""
    found = load_card(ROOT, "ad_click")
    steps = [found.rollout.steps[0].model_copy(update={"weight": 50, "requests": 1240})]
    short = found.model_copy(
        update={
            "rollout": found.rollout.model_copy(
                update={"steps": steps, "max_duration_minutes": 1.0, "exploratory": True}
            )
        }
    )
    offered = traffic(short, tmp_path, 1500)
    lines = Replay(short, offered, lambda calls, over: []).plan()

    assert requests_needed(short.rollout) == 1440
    assert lines[-1] == (
        "the requests span 0.999 days of their rows' time, less than the 7 that live traffic is watched for"
    )


def test_a_week_of_rows_is_no_less() -> None:
    """Nothing is held against it; and rows without a time of their own span none."""
    week = np.arange(8) * 86_400_000_000
    found = card()
    made = found.data.columns["time"].model_copy(update={"source": "#shuffled"})
    data = found.data.model_copy(update={"columns": found.data.columns | {"time": made}})

    assert span(found, week) == "the requests span 7 days of their rows' time"
    assert "have no time of their own" in span(found.model_copy(update={"data": data}), week)
