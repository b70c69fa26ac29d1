"""docs/gates.md is what the tests say."""

import re
import subprocess
import sys

import pytest

from tests.slipway.root import REPOSITORY

FEWEST = 20


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The table made anew, in a process of its own: pytest does not run in pytest."""
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
