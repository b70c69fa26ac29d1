"""Pages of the sample records, rendered once."""

import pytest

from tests.slipway.report import sample

KINDS = {
    "promote": sample.promoted,
    "refused": sample.refused,
    "first": sample.first,
    "abort": sample.aborted,
    "inconclusive": sample.inconclusive,
    "rollback": sample.bare,
}


@pytest.fixture(scope="session")
def pages() -> dict[str, str]:
    """The report of one record of each kind, by decision."""
    from slipway.report import render

    return {
        kind: render(make(), sample.card(), sample.split(), "docs/index.html") for kind, make in KINDS.items()
    }
