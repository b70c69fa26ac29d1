"""What the labels of some rows are, in one line."""

from slipway.records.labels import told


def test_figures_are_told_apart_from_their_names() -> None:
    """Classes may be numbers themselves, and there may be many."""
    assert told({"base_rate": 0.25}) == "base rate 0.25"
    assert told({"0.5": 0.016, "1.0": 0.984}) == "'0.5' 0.016, '1.0' 0.984"
    assert told(dict.fromkeys("abcdefgh", 0.125)).endswith("f 0.125, 2 more")
