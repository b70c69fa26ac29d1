"""Whether `slipway/` is as it was released: you may edit it, and should know that you have."""

import warnings

from slipway.update.edited import edited
from tests.root import REPOSITORY


def test_edits_of_the_library_are_told() -> None:
    """As a warning: the tests of slipway/ stay in the template, and an update merges what you edited."""
    if names := edited(REPOSITORY / "slipway"):
        warnings.warn(
            f"slipway/ is not as released: {', '.join(names)}. None of the tests here covers it, and "
            "`slipway update` merges these files, with conflicts where the template changed the same lines",
            stacklevel=1,
        )
