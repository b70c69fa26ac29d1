"""docs/gates.md is what the tests say."""

import re
import subprocess
import sys

import pytest

from tests.slipway.proof.conftest import MARKED
from tests.slipway.proof.gates import gates
from tests.slipway.proof.guards import guards
from tests.slipway.proof.table import rendered
from tests.slipway.root import REPOSITORY

FEWEST = 20


@pytest.fixture(scope="module")
def fresh(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The table made anew; where this run has not collected all tests, by the command."""
    if found := request.config.stash.get(MARKED, None):
        return rendered(gates(found, guards(REPOSITORY)))
    out = tmp_path_factory.mktemp("table") / "gates.md"
    command = [sys.executable, "-m", "tests.slipway.proof.table", str(out)]
    ran = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return out.read_text(encoding="utf-8")


def test_the_table_is_up_to_date(fresh: str) -> None:
    """`python -m tests.slipway.proof.table` renews it."""
    assert (REPOSITORY / "docs" / "gates.md").read_text(encoding="utf-8") == fresh


def test_every_gate_has_a_row(fresh: str) -> None:
    """Of six cells, none of them empty."""
    rows = re.findall(r"^\| `.+$", fresh, re.MULTILINE)
    cells = [re.split(r"(?<!\\)\|", row)[1:-1] for row in rows]

    assert len(rows) >= FEWEST
    assert {len(row) for row in cells} == {6}
    assert all(cell.strip() for row in cells for cell in row)
