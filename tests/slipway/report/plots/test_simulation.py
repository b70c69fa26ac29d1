"""The plot of simulated rollouts."""

from slipway.report.plots import simulation
from slipway.rollout.simulation import End, Tally

TALLIES = [
    Tally("equal", (End("inconclusive", "canary.metric", 2000),) * 9 + (End("abort", "canary.metric", 600),)),
    Tally("better by 0.02", (End("promote", None, 2000),) * 10),
]


def test_the_same_tallies_are_the_same_bytes() -> None:
    """No date, no random id."""
    assert simulation("t", TALLIES, 2000, "6.4 days", "svg") == simulation(
        "t", TALLIES, 2000, "6.4 days", "svg"
    )


def test_what_it_shows_is_there_as_text() -> None:
    """A title that looks like markup or a formula stays what it is."""
    drawn = simulation("<b>$x$ (small)", TALLIES, 2000, "6.4 days", "svg").decode()

    for text in (
        "&lt;b&gt;$x$ (small)",
        ">equal<",
        ">better by 0.02<",
        ">90<",
        ">100<",
        ">2,000<",
        ">the whole plan, 6.4 days<",
    ):
        assert text in drawn
    assert "var(" not in drawn


def test_a_png_is_one() -> None:
    """Twice as many dots as its size says, for sharp screens."""
    drawn = simulation("t", TALLIES, 2000, "", "png")

    assert drawn.startswith(b"\x89PNG")
    assert int.from_bytes(drawn[16:20], "big") == 2 * 920
