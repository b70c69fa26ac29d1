"""One maximum duration is that of shadow and canary together."""

from tests.slipway.rollout.test_shadow import place


def test_what_the_shadow_took_is_not_left_for_the_canary() -> None:
    """One maximum duration is of both; a canary that is tried anew with the same shadow has the rest anew."""
    there = place()
    times = iter(range(100_000))
    there.timer = lambda: float(next(times))
    shadow = there.shadow()
    used = shadow.model_copy(update={"seconds": 60 * there.card.rollout.max_duration_minutes - 10})
    whole, *ended = [there.canary(one) for one in (shadow, used, used)]

    assert 0 < shadow.seconds < 60
    assert (shadow.verdict.outcome, whole.verdict.outcome) == ("pass", "promote")
    for one in ended:
        assert (one.verdict.outcome, one.verdict.checks[0].code) == ("inconclusive", "canary.in_time")
        assert 0 < sum(look.requests for look in one.looks) < sum(look.requests for look in whole.looks)
