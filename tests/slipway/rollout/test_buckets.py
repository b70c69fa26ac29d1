"""The constant that callers send, and which of its values a canary serves."""

import shutil
import subprocess
from itertools import pairwise

import numpy as np
import pytest

from slipway.rollout.buckets import BUCKETS, bucket, in_canary, of_canary
from tests.slipway.root import REPOSITORY

VECTORS = {"ada": 81, "4711": 13, "ümlaut": 22, "a user with 'quotes'": 69, "": 10}
NAMES = [f"user {number}" for number in range(5000)]


@pytest.mark.parametrize(("unit", "number"), VECTORS.items())
def test_the_published_vectors_hold(unit: str, number: int) -> None:
    """Callers compute it in any language: a change would move every user."""
    assert bucket(unit) == number


def test_a_shell_gives_the_same() -> None:
    """By the lines of the documentation."""
    text = (REPOSITORY / "docs" / "cluster.md").read_text()
    line = next(one for one in text.splitlines() if one.strip().startswith("bucket=$(("))
    shell = shutil.which("sh") or "sh"
    for unit, number in VECTORS.items():
        done = subprocess.run(
            [shell, "-c", f"{line.strip()}; echo $bucket"],
            env={"unit": unit, "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert int(done.stdout) == number, unit


def test_python_gives_the_same() -> None:
    """By the lines of the documentation, too."""
    text = (REPOSITORY / "docs" / "cluster.md").read_text()
    line = next(one for one in text.splitlines() if one.strip().startswith("bucket = "))
    for unit, number in VECTORS.items():
        known: dict[str, object] = {"unit": unit}
        exec(f"from hashlib import sha256\n{line.strip()}", known)  # noqa: S102 - a line of our own documentation
        assert known["bucket"] == number


def test_a_weight_is_so_many_buckets_and_a_larger_one_adds_to_them() -> None:
    """No unit moves back; another experiment takes others."""
    served = [of_canary("e", weight) for weight in range(BUCKETS + 1)]
    assert [len(set(one)) for one in served] == list(range(BUCKETS + 1))
    assert all(few == more[: len(few)] for few, more in pairwise(served))
    assert of_canary("e", 5) != of_canary("f", 5)
    # Two experiments of half the buckets share about half of those: neither the same nor the others.
    assert 10 < len({*of_canary("e", 50)} & {*of_canary("f", 50)}) < 40


@pytest.mark.parametrize("weight", [0, 5, 25, 50, 100])
def test_the_share_of_units_is_the_weight(weight: int) -> None:
    """As far as 5000 names and whole buckets give it; and repeated units stay where they are."""
    found = in_canary(NAMES, "e", weight)
    assert abs(100 * found.mean() - weight) < 6
    assert in_canary([*NAMES[:9], *NAMES[:9]], "e", weight).tolist() == [*found[:9], *found[:9]]
    buckets = np.array([bucket(name) for name in NAMES])
    assert {*buckets[found].tolist()} <= {*of_canary("e", weight)}


def test_the_page_publishes_these_vectors() -> None:
    """Where callers look."""
    text = (REPOSITORY / "docs" / "cluster.md").read_text()
    assert [unit for unit, number in VECTORS.items() if f"| `{unit}` | {number} |" not in text] == []
