"""The proof of a small tree: a gate whose test would not notice is found, and so is a test that breaks."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.slipway.proof.guards import Guard
from tests.slipway.proof.prove import Mutant, dealt, quickest_first
from tests.slipway.root import REPOSITORY

GATE = """
def enter(age, coin, late):
    if age < 18:
        raise ValueError("too young")  # guard age
    if coin < 1:
        raise ValueError("no coin")  # guard coin
    if late:
        raise ValueError("too late")  # guard late
    return "in"
"""
MARK = """@pytest.mark.gate(
    "{name}", fed="x", stops="gate", exit=3, reason="{said}", untouched="nobody in", guard="{guard}",
)
"""
TESTS = f"""
import pytest
from slipway.gate import enter

@pytest.fixture
def crowd():
    enter(30, 1, late=False)
    with pytest.raises(ValueError):
        enter(30, 1, late=True)

{MARK.format(name="age", said="too young", guard="age")}
def test_age():
    with pytest.raises(ValueError, match="too young"):
        enter(17, 1, late=False)

{MARK.format(name="coin", said="no coin", guard="coin")}
def test_coin():
    with pytest.raises(ValueError):
        enter(17, 0, late=False)

{MARK.format(name="late", said="too late", guard="late")}
def test_late(crowd):
    pass

{MARK.format(name="slow", said="too late", guard="late").replace("@", "@pytest.mark.long" + chr(10) + "@", 1)}
def test_slow():
    with pytest.raises(ValueError, match="too late"):
        enter(30, 1, late=True)
"""
SETTINGS = '[tool.pytest.ini_options]\ntestpaths = ["checks"]\nmarkers = ["long: l", "gate: g"]\n'


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Three gates: one that is proven, one whose test asks for any error, one that fails in its fixture."""
    files = {
        "slipway/__init__.py": "",
        "slipway/gate.py": GATE,
        "checks/test_gate.py": TESTS,
        "pyproject.toml": SETTINGS,
        ".gitignore": "__pycache__/\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    return tmp_path


def prove(tree: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Prove the gates of a tree, one at a time."""
    command = [sys.executable, "-m", "tests.slipway.proof.prove", "--workers", "1", *options]
    changes = {"PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1", "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, cwd=tree, env=changes, capture_output=True, text=True, check=False)


def verdicts(said: str) -> dict[str, str]:
    """What the lines of progress say of each gate."""
    return {name: verdict for verdict, name in re.findall(r"^ *\d+/\d+ +(\w+) +(\w+)", said, re.MULTILINE)}


def test_a_gate_that_no_test_misses_is_a_survivor(tree: Path) -> None:
    """The test of the coin passes for another reason; an error before a test is no failure of it."""
    ran = prove(tree)

    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert verdicts(ran.stdout) == {"age": "noticed", "coin": "SURVIVED", "late": "BROKEN"}
    assert "1 of 3 disabled guards were noticed" in ran.stdout
    assert "only long tests prove slow" in ran.stdout
    assert (tree / "slipway" / "gate.py").read_text() == GATE


def test_every_gate_proven_is_success(tree: Path) -> None:
    """Long tests count when they are asked for."""
    ran = prove(tree, "--only", "slow", "--long")

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert verdicts(ran.stdout) == {"slow": "noticed"}


def test_nothing_is_concluded_from_tests_that_fail_anyway(tree: Path) -> None:
    """A gate would seem proven."""
    (tree / "slipway" / "gate.py").write_text(GATE.replace("age < 18", "age < 7"))
    ran = prove(tree, "--only", "age")

    assert ran.returncode == 1
    assert "the tests fail with every gate in place" in ran.stderr
    assert verdicts(ran.stdout) == {}


def test_each_test_is_dealt_once() -> None:
    """Files stay together; no hand is empty, for pytest without a test runs all of them."""
    guard = Guard("t", file="a.py", line=1, start=0, code=b"", builds=False, calls="")
    found = [Mutant("a", guard, ("a.py::1", "b.py::1")), Mutant("b", guard, ("a.py::1", "a.py::2"))]

    assert [("a.py::1", "a.py::2"), ("b.py::1",)] == dealt(found, 3)


def test_the_quickest_test_is_asked_first() -> None:
    """One that fails is enough."""
    guard = Guard("t", file="a.py", line=1, start=0, code=b"", builds=False, calls="")
    found = Mutant("a", guard, ("slow", "quick", "none"))

    assert quickest_first(found, {"slow": 9.0, "quick": 0.1}).tests == ("none", "quick", "slow")


def test_a_proof_of_nothing_is_no_proof(tree: Path) -> None:
    """A name that no gate has, or a marker that was renamed."""
    ran = prove(tree, "--only", "typo")

    assert ran.returncode == 1
    assert "no gate's name holds 'typo'" in ran.stderr
