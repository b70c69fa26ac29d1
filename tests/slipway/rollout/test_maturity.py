"""One window for both arms: what counts, what came too late, and what came late."""

from dataclasses import replace

import numpy as np
import pytest

from slipway.base.errors import SlipwayError
from slipway.rollout.maturity import NEVER, matured
from slipway.rollout.observations import Observations

HOUR = 3_600_000_000


def test_an_outcome_counts_once_its_window_has_passed() -> None:
    """However soon it came; what comes after its window never counts, and is unknown and not late."""
    sent = np.zeros(7, np.int64)
    came = np.array([0, HOUR // 2, HOUR // 2 + 1, HOUR, HOUR + 1, NEVER, NEVER])

    early = matured(sent, came, HOUR - 1, 1.0)
    found = matured(sent, came, HOUR, 1.0)

    assert not early.due.any()
    assert found.due.all()
    assert found.known.tolist() == [True] * 4 + [False] * 3
    assert found.late.tolist() == [False, False, True, True, False, False, False]


def test_each_request_has_its_own_window() -> None:
    """From when it was sent."""
    sent = np.array([0, 1, 2]) * HOUR

    assert matured(sent, sent + 1, 2 * HOUR, 1.0).due.tolist() == [True, True, False]


def observed(late: bool | None) -> Observations:
    """Two requests."""
    return Observations(
        step=np.zeros(2, np.int32),
        block=np.zeros(2, np.int64),
        unit=np.arange(2),
        canary=np.array([True, False]),
        error=np.zeros(2, np.bool_),
        latency_ms=np.ones(2),
        due=np.ones(2, np.bool_),
        metric=np.ones(2),
        late=None if late is None else np.array([late, False]),
    )


def test_what_was_late_stays_with_its_request() -> None:
    """Also where only some requests are looked at."""
    both = Observations.concat([observed(True), observed(False)])

    assert both.late is not None
    assert both.late.tolist() == [True, False, False, False]
    assert both.where(both.canary).late.tolist() == [True, False]  # type: ignore[union-attr]
    assert Observations.concat([observed(None), observed(None)]).late is None


def test_no_parts_are_no_requests() -> None:
    """Of the types that requests have, so that whatever counts them counts none."""
    nothing, one = Observations.concat([]), observed(None)

    assert (len(nothing), nothing.units, nothing.late) == (0, 0, None)
    assert all(vars(nothing)[name].dtype == vars(one)[name].dtype for name in vars(one) if name != "late")


def test_either_all_requests_say_whether_they_were_late_or_none() -> None:
    """Half of them would be compared with nothing."""
    with pytest.raises(SlipwayError, match="found 1 of 2 parts that say what was late"):
        Observations.concat([observed(True), observed(None)])
    with pytest.raises(SlipwayError, match="expected one size"):
        replace(observed(None), late=np.ones(3, np.bool_))
