"""What one body may cost in memory, whatever its shape."""

import subprocess
import sys
import tracemalloc
from collections.abc import Mapping

import pytest
from hypothesis import HealthCheck, given, settings, target
from pydantic import TypeAdapter

from tests.slipway.root import ROOT
from tests.slipway.serving.browser import Browser
from tests.slipway.serving.peaks import ALLOWED_TIMES, Cost
from tests.slipway.serving.shapes import SHAPES, VALID, Shape, filled, shapes

DENSE = pytest.mark.gate(
    "serve.dense",
    fed="2 MiB of objects and lists of nothing, side by side or one in another, in any place of a body",
    stops="serve",
    exit="413",
    reason="1398095 lists and objects, which count twice; at most 559056 are taken",
    untouched="nothing of it is parsed",
)
FEW = pytest.mark.gate(
    "serve.few",
    fed="200,000 parameters, or 5,000 outputs that are one",
    stops="serve",
    exit="400",
    reason="parameters: at most 64 are expected",
    untouched="none of them is validated, none answered",
)
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="what a fork holds is counted otherwise")


@pytest.fixture(scope="module")
def costs() -> Mapping[str, Cost]:
    """What each costs, by a process that does nothing else."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.slipway.serving.peaks"], cwd=ROOT, capture_output=True, check=True
    )
    return TypeAdapter(dict[str, Cost]).validate_json(done.stdout)


@LINUX
@pytest.mark.parametrize("name", SHAPES)
def test_memory_is_bounded_for_every_shape(costs: Mapping[str, Cost], name: str) -> None:
    """At most 16 MiB and 40 times the body above idle; the answer is no larger than that of 1,000 rows."""
    cost = costs[name]

    assert cost.peak <= cost.allowed, cost
    assert cost.answered <= 2**17
    assert cost.status in {200, 400, 413, 422}


@LINUX
@pytest.mark.parametrize("name", VALID)
def test_the_largest_valid_bodies_are_answered(costs: Mapping[str, Cost], name: str) -> None:
    """They are within the same bounds."""
    cost = costs[name]

    assert (cost.status, cost.peak <= cost.allowed) == (200, True), cost


@DENSE
@pytest.mark.parametrize(
    ("place", "element"),
    [("inputs", "{}"), ("options", "{}"), ("data", "[]"), ("data", "[" * 99 + "]" * 99), ("a column", "{}")],
)
def test_a_dense_body_is_not_parsed(browser: Browser, place: str, element: str) -> None:
    """It is counted; parsed, it would take up to fifty times its size."""
    answer, peak = traced(browser, filled(place, element))

    assert answer[0] == 413
    assert "lists and objects, which count twice; at most 5" in answer[1]
    # The body, its copy and what the count takes.
    assert peak < 8 * len(filled(place, element)[1])


@pytest.mark.parametrize("text", ["[{", '\\"[{', "\\\\", '\\\\\\"[{'])
def test_brackets_inside_of_texts_do_not_count(browser: Browser, text: str) -> None:
    """A text may be JSON itself, and end with a backslash."""
    path, content = filled("an unknown name", f'"{text * 9}"', 2**20)

    assert browser.post(path, content=content).status_code == 200
    dense = content.replace(b'"x": [', b'"x": [' + b"[]," * 500_000, 1)
    assert browser.post(path, content=dense).status_code == 413


def test_short_bodies_may_be_dense(browser: Browser) -> None:
    """What somebody writes by hand is never refused for that."""
    path, content = filled("an unknown name", "{}", 48 * 2**10)

    assert browser.post(path, content=content).status_code == 200


@FEW
@pytest.mark.parametrize(
    ("place", "element", "said"),
    [
        ("parameters", '"*":[]', "parameters: at most 64 are expected, found dict of "),
        ("parameters of a tensor", '"*":[]', "inputs.0.parameters: at most 64 are expected, found dict of "),
        ("parameters of an output", '"*":1', "outputs.0.parameters: at most 64 are expected, found dict of "),
        ("outputs", '{"name":"score"}', "outputs: List should have at most 3 items after validation, not "),
        ("outputs", "[]", "outputs: List should have at most 3 items after validation, not "),
    ],
)
def test_many_are_counted_before_they_are_looked_at(
    browser: Browser, place: str, element: str, said: str
) -> None:
    """Each that is wrong would be noted, and each output given."""
    answer, peak = traced(browser, filled(place, element, 2**18))

    assert (answer[0], said in answer[1]) == (400, True)
    assert peak < 40 * 2**18


@settings(
    max_examples=60, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
@given(shape=shapes(2**18))
def test_no_shape_is_found_that_costs_more(browser: Browser, shape: Shape) -> None:
    """Hypothesis looks for the largest peak; `benchmarks/bench_bodies.py` looks longer, and at Rust's memory.

    The 16 MiB are counted as 6, for these bodies are an eighth of the largest.
    """
    answer, peak = traced(browser, shape)
    target(peak / len(shape[1]))

    assert answer[0] in {200, 400, 413, 422}
    assert peak <= 6 * 2**20 + ALLOWED_TIMES * len(shape[1])


def traced(browser: Browser, shape: Shape) -> tuple[tuple[int, str], int]:
    """Status and text of the answer, and the most memory that Python took for it."""
    path, content = shape
    tracemalloc.start()
    try:
        answer = browser.post(path, content=content)
        return (answer.status_code, answer.text), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
