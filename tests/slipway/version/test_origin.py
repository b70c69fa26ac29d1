"""The code that runs is the version's own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from slipway.base.errors import SlipwayError
from slipway.version.origin import require_own_code, search_path
from tests.slipway.root import REPOSITORY, ROOT

OWN_CODE = pytest.mark.gate(
    "evaluate.own_code",
    fed="a version that would be answered by the code of the working tree",
    stops="evaluate",
    exit=1,
    reason="slipway: imported from elsewhere, expected below the version's own code",
    untouched="nothing scored: the process says nothing",
)


@OWN_CODE
def test_code_from_elsewhere_is_refused(whole: Path) -> None:
    """The working tree's modules are not those of a version."""
    with pytest.raises(SlipwayError, match=r"^slipway: imported from .*expected below .*code$"):
        require_own_code(whole / "code")


def test_own_code_passes() -> None:
    """In a process that has imported nothing else, the working tree is where the code is expected."""
    code = "import pathlib; from slipway.version.origin import *; require_own_code(pathlib.Path.cwd())"
    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=True)


def test_a_path_that_python_would_split_is_refused() -> None:
    """PYTHONPATH has no way to quote its separator."""
    with pytest.raises(SlipwayError, match="in the path; Python would look elsewhere"):
        search_path(Path(f"a{os.pathsep}b/code"))


@OWN_CODE
def test_a_worker_of_other_code_ends_with_one_line(whole: Path) -> None:
    """However it came about that another slipway was found first."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "slipway.version.worker", str(whole)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        input="",
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stdout == ""
    assert [line.split(": imported")[0] for line in done.stderr.splitlines()] == ["error: slipway"]
