"""What the report says of a lift that wears off, and of outcomes that come late."""

from slipway.records.canary import CanaryEvidence, Exposure
from slipway.report import render
from tests.slipway.report import sample
from tests.slipway.report.reading import Reading

LIFTS = (("1", 0.05), ("2", 0.048), ("3", 0.051), ("4+", -0.02))


def wearing_off() -> CanaryEvidence:
    """Five points for three exposures, and two less from then on."""
    found = [
        Exposure(number=number, stable=3100, canary=1200, lift=sample.around(lift, 0.014))
        for number, lift in LIFTS
    ]
    return sample.canary().model_copy(update={"exposures": found})


def text(canary: CanaryEvidence) -> str:
    """What a reader sees of it."""
    return " ".join(Reading(render(sample.record(canary=canary), sample.card(), None)).text.split())


def test_the_lift_is_shown_by_exposure() -> None:
    """Row by row, with intervals, and with what it would mean."""
    said = text(wearing_off())

    assert "The lift by exposure" in said
    assert "1 1,200 3,100 +0.050 [+0.036, +0.064]" in said
    assert "4+ 1,200 3,100 −0.020 [−0.034, −0.006]" in said  # noqa: RUF001 - the true minus sign


def test_too_few_users_are_said_to_be_too_few() -> None:
    """In place of an interval."""
    few = Exposure(number="4+", stable=40, canary=11, lift=None)

    assert "4+ 11 40 too few users" in text(sample.canary().model_copy(update={"exposures": [few]}))


def test_a_canary_from_before_has_no_exposures() -> None:
    """Nothing is made up for it."""
    assert "The lift by exposure" not in text(sample.canary())


def test_late_outcomes_are_told_where_they_are_compared() -> None:
    """With what is allowed; a replay does not compare them."""
    whole = sample.canary()
    looks = [*whole.looks[:-1], whole.looks[-1].model_copy(update={"late_rise": sample.around(0.1, 0.012)})]

    assert "second half of their maturity window" not in text(whole)
    said = text(whole.model_copy(update={"looks": looks}))
    assert "canary − stable: +10.0 % [+8.8, +11.2]; allowed is 5.0 %" in said  # noqa: RUF001
