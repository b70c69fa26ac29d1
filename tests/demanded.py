"""What a test needs of the machine: where it is absent the test is skipped, or fails."""

import os
from typing import NoReturn

import pytest


def absent(what: str) -> NoReturn:
    """Skip this test for what the machine lacks; with `SLIPWAY_STRICT=1` in the environment, fail it."""
    if os.environ.get("SLIPWAY_STRICT") == "1":
        pytest.fail(f"SLIPWAY_STRICT=1 forbids to skip: {what}")
    pytest.skip(what)
