"""What a workflow asks of `make` and `slipway` is there: GitHub would tell only when it runs."""

import re

import pytest

from tests.repo.prose import targets, unknown
from tests.repo.workflows import ran
from tests.root import REPOSITORY


@pytest.mark.parametrize("line", ran("make"))
def test_every_make_line_names_a_target(line: str) -> None:
    """As `make help` lists them."""
    assert line.split()[1] in targets(REPOSITORY)


@pytest.mark.parametrize("line", ran(".venv/bin/slipway"))
def test_every_slipway_line_is_understood(line: str) -> None:
    """The command and its options exist."""
    words = re.sub(r"\$\{\w+:\+(.+?)\}", r"\1", line).split()[1:]
    assert unknown(words) is None
