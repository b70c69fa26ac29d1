"""Numbers, intervals and foreign text as shown."""

import pytest

from slipway.records.evidence import Interval
from slipway.report.wording import MINUS, interval, number, printable, rise, safe_link, significant, verdict


def test_an_interval_has_the_digits_that_its_width_allows() -> None:
    """Two digits of half the width, the same for all three numbers."""
    assert interval(Interval(value=0.28712, low=0.28501, high=0.28929)) == "0.2871 [0.2850, 0.2893]"
    assert interval(Interval(value=9.314, low=8.9, high=9.8)) == "9.31 [8.90, 9.80]"


def test_a_difference_is_signed() -> None:
    """With a true minus sign."""
    shown = interval(Interval(value=-0.0123, low=-0.014, high=0.0107), sign=True)
    assert shown == f"{MINUS}0.012 [{MINUS}0.014, +0.011]"


@pytest.mark.parametrize(
    ("value", "shown"), [(0.2104, "0.210"), (2.117, "2.12"), (41.66, "41.7"), (1234.5, "1,234"), (0.0, "0")]
)
def test_significant_digits(value: float, shown: str) -> None:
    """Three of them, never an exponent."""
    assert significant(value) == shown


def test_a_rise_has_the_digits_of_its_upper_end() -> None:
    """Which is held against a limit of half a percent, also where nothing bounds it from below."""
    assert rise(Interval(value=0.0002, low=-1, high=0.0088)) == f"+0.02 % [{MINUS}100.00, +0.88]"
    assert rise(Interval(value=0.012, low=-1, high=1)) == f"+1 % [{MINUS}100, +100]"
    assert rise(None) == "\N{EN DASH}"


def test_no_value_is_a_dash() -> None:
    """None is not a number."""
    assert number(None) == interval(None) == significant(None) == "\N{EN DASH}"


def test_verdicts() -> None:
    """An interval that holds zero shows no difference; otherwise the side decides."""
    assert verdict(Interval(value=-0.1, low=-0.2, high=0.0)) == "no clear difference"
    assert verdict(Interval(value=-0.1, low=-0.2, high=-0.05)) == "better beyond noise"
    assert verdict(Interval(value=0.1, low=0.05, high=0.2)) == "worse beyond noise"


def test_control_characters_are_replaced() -> None:
    """Nor can text turn the direction of the line."""
    assert printable("a\x00b\u202ec") == "a\ufffdb\ufffdc"


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("docs/index.html", True),
        ("file:///x", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
    ],
)
def test_only_safe_links_are_kept(address: str, kept: bool) -> None:
    """An address that could run something is dropped."""
    assert (safe_link(address) == address) is kept
