"""Slope and intercepts are those of other programs, shrunk by their noise, and never turn an order round."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from slipway.records.recalibration import FEWEST, Recalibration
from slipway.tasks import Scores, Task
from slipway.tasks.recalibration import Scale, minimum, original, recalibrated, recalibration
from slipway.tasks.scales import Logit, Logs, Numbers, logit
from tests.slipway.tasks.worlds import PRIMARY, World, world

TASKS = pytest.mark.parametrize("task", PRIMARY)
BENT: dict[str, tuple[float, list[float]]] = {
    "binary": (0.6, [0.8]),
    "multiclass": (1.7, [0.5, -0.4, -0.1]),
    "regression": (0.8, [12.0]),
}
"""What was done to the truth of each task, which a fit has to undo."""


def outcomes(found: World) -> NDArray[Any]:
    """As the task reads them."""
    return found.card.task.outcomes(found.rows["label"].to_numpy())


def rows_as_units(found: World) -> NDArray[np.int64]:
    """Every row somebody else's."""
    return np.arange(found.rows.num_rows)


def plain(slope: float, intercepts: list[float]) -> Recalibration:
    """As if it had been fitted."""
    return Recalibration(slope=slope, intercepts=intercepts, kept=1.0, rows=1000, units=1000)


def fitted(found: World, scores: Scores, units: NDArray[np.int64] | None = None) -> Recalibration:
    """By the labels of a world."""
    told = recalibration(
        found.card.task, scores, outcomes(found), rows_as_units(found) if units is None else units
    )
    assert told is not None
    return told


def unshrunk(scale: Scale, scores: Scores, labels: NDArray[Any]) -> NDArray[np.float64]:
    """Slope and intercepts as the rows have them."""
    asked = scale.fitted(scores, labels)
    assert asked.loss is not None
    assert asked.told is not None
    found = minimum(asked.loss)
    assert found is not None
    return np.append(found[0], asked.told @ (found - asked.loss.start))


def test_a_logit_is_fitted_as_scikit_learn_does() -> None:
    """Logistic regression on one input, without a penalty."""
    from sklearn.linear_model import LogisticRegression

    found = world("binary")
    scores = recalibrated(found.card.task, found.truth, plain(*BENT["binary"]))
    model = LogisticRegression(C=1e12, tol=1e-10, max_iter=1000).fit(logit(scores)[:, None], outcomes(found))

    assert unshrunk(Logit(), scores, outcomes(found)) == pytest.approx(
        [model.coef_[0, 0], model.intercept_[0]], abs=1e-5
    )


def test_classes_are_fitted_as_scipy_does() -> None:
    """A softmax of slope times logarithm and an intercept for each but the first."""
    from scipy.optimize import minimize

    found = world("multiclass")
    scores, labels = recalibrated(found.card.task, found.truth, plain(*BENT["multiclass"])), outcomes(found)

    def loss(told: NDArray[np.float64]) -> float:
        raised = told[0] * np.log(scores) + np.array([0.0, *told[1:]])
        return float(
            np.log(np.exp(raised).sum(axis=1)).mean() - raised[np.arange(len(labels)), labels].mean()
        )

    best = minimize(loss, [1.0, 0.0, 0.0], tol=1e-12).x
    intercepts = np.array([0.0, *best[1:]])
    assert unshrunk(Logs(3), scores, labels) == pytest.approx(
        [best[0], *(intercepts - intercepts.mean())], abs=1e-4
    )


def test_a_mean_is_fitted_as_numpy_does_and_a_median_as_a_linear_program() -> None:
    """Least squares, and least absolute deviations up to the rounding of the smallest errors."""
    from scipy.optimize import linprog

    found = world("regression", rows=400)
    scores, labels = (found.truth - 30) * 1.5, outcomes(found)
    assert unshrunk(Numbers(absolute=False), scores, labels) == pytest.approx(
        np.polyfit(scores, labels, 1), rel=1e-6
    )

    rows = len(labels)
    inputs = np.stack([scores, np.ones(rows)], axis=1)
    slack = np.concatenate([np.eye(rows), -np.eye(rows)], axis=1)
    least = linprog(
        np.append([0.0, 0.0], np.ones(2 * rows)),
        A_eq=np.concatenate([inputs, slack], axis=1),
        b_eq=labels,
        bounds=[(None, None)] * 2 + [(0, None)] * (2 * rows),
    ).x[:2]
    assert unshrunk(Numbers(absolute=True), scores, labels) == pytest.approx(least, rel=0.02)


SCALES: list[tuple[str, Scale]] = [
    ("binary", Logit()),
    ("multiclass", Logs(3)),
    ("regression", Numbers(absolute=False)),
    ("regression", Numbers(absolute=True)),
]


@pytest.mark.parametrize(("task", "scale"), SCALES)
def test_derivatives_are_those_of_the_loss(task: str, scale: Scale) -> None:
    """By differences, away from where nothing changes."""
    found = world(task, rows=600)
    loss = scale.fitted(found.truth, outcomes(found)).loss
    assert loss is not None
    at, step = loss.start + 0.2, 1e-5
    moves = step * np.eye(len(at))

    numeric = [(loss.value(at + move) - loss.value(at - move)) / (2 * step) for move in moves]
    assert loss.gradients(at).sum(axis=0) == pytest.approx(numeric, rel=1e-5, abs=1e-4)
    second = [(loss.gradients(at + m) - loss.gradients(at - m)).sum(axis=0) / (2 * step) for m in moves]
    assert loss.hessian(at) == pytest.approx(np.array(second), rel=1e-4, abs=1e-3)


@TASKS
def test_what_was_bent_is_put_right(task: str) -> None:
    """On other rows the loss is nearly that of the truth, and far from that of what was bent."""
    seen, later = world(task), world(task, seed=1)
    judge = seen.card.task
    bent = [recalibrated(judge, one.truth, plain(*BENT[task])) for one in (seen, later)]

    found = fitted(seen, bent[0])
    right = judge.score(recalibrated(judge, bent[1], found), outcomes(later))

    assert found.kept > 0.9
    lost = judge.score(bent[1], outcomes(later)) - judge.score(later.truth, outcomes(later))
    assert right - judge.score(later.truth, outcomes(later)) < 0.1 * lost


@TASKS
def test_noise_is_not_taken_for_a_fault(task: str) -> None:
    """Of scores that are right already, little of a fit is kept, and all together harm next to nothing."""
    kept, harm = [], []
    later = world(task, rows=20_000, seed=99)
    judge = later.card.task
    best = judge.score(later.truth, outcomes(later))
    for seed in range(12):
        found = fitted(seen := world(task, rows=1500, seed=seed), seen.truth)
        kept.append(found.kept)
        harm.append(judge.score(recalibrated(judge, later.truth, found), outcomes(later)) / best - 1)

    assert np.median(kept) < 0.5
    assert np.mean(harm) < 0.002


def test_rows_of_one_unit_are_one_observation() -> None:
    """Twenty copies of each row say no more than the row; taken for twenty units they would."""
    found = world("binary", rows=1000)
    scores = recalibrated(found.card.task, found.truth, plain(0.9, [0.15]))
    task, labels, units = found.card.task, outcomes(found), rows_as_units(found)
    once = recalibration(task, scores, labels, units)
    copied = [np.repeat(one, 20) for one in (scores, labels, units)]

    again = recalibration(task, *copied)
    believed = recalibration(task, copied[0], copied[1], np.arange(20_000))

    assert once
    assert again
    assert believed
    assert again.kept == pytest.approx(once.kept, abs=0.01)
    assert believed.kept > again.kept + 0.1
    assert again.units == 1000


def few(found: World, keep: int) -> NDArray[np.bool_]:
    """Rows of which so many have the label 1."""
    ones = np.flatnonzero(outcomes(found) == 1)
    left = np.ones(found.rows.num_rows, np.bool_)
    left[ones[keep:]] = False
    return left


@pytest.mark.parametrize(("ones", "shown"), [(FEWEST - 1, False), (FEWEST, True)])
def test_few_outcomes_change_nothing_and_say_so(ones: int, shown: bool) -> None:
    """At the bound and just below it."""
    found = world("binary")
    rows = few(found, ones)
    told = recalibration(
        found.card.task, found.truth[rows], outcomes(found)[rows], rows_as_units(found)[: rows.sum()]
    )

    assert told
    assert told.is_plain is not shown
    if not shown:
        assert told.problem == "99 outcomes of the rarer label, fewer than 100"
        assert str(told) == f"not recalibrated: not shown, {told.problem}"


LEFT_OUT: dict[str, tuple[str, Callable[[World], tuple[Scores, NDArray[Any], NDArray[np.int64]]], str]] = {
    "units": (
        "binary",
        lambda w: (w.truth**2, outcomes(w), rows_as_units(w) % 29),
        "29 units, fewer than 30",
    ),
    "constant": (
        "binary",
        lambda w: (np.full(3000, 0.3), outcomes(w), rows_as_units(w)),
        "the scores do not differ",
    ),
    "against": ("binary", lambda w: (1 - w.truth, outcomes(w), rows_as_units(w)), "run against the scores"),
    "knowing": (
        "binary",
        lambda w: (0.25 + outcomes(w) / 2.0, outcomes(w), rows_as_units(w)),
        "the scores tell all outcomes",
    ),
    "unsound": (
        "binary",
        lambda w: (np.where(w.truth > 0.5, np.nan, w.truth), outcomes(w), rows_as_units(w)),
        "some answers are none",
    ),
    "classes": (
        "multiclass",
        lambda w: (w.truth, np.where(rows_as_units(w) < 99, 1, 0), rows_as_units(w)),
        "99 outcomes beside the most frequent class",
    ),
    "numbers": ("regression", lambda w: (w.truth[:99], outcomes(w)[:99], np.arange(99)), "99 outcomes"),
    "exact": (
        "regression",
        lambda w: (outcomes(w), outcomes(w), rows_as_units(w)),
        "no more than noise",
    ),
}


@pytest.mark.parametrize("case", LEFT_OUT)
def test_what_cannot_be_shown_changes_nothing(case: str) -> None:
    """Each for a reason that is told."""
    task, make, why = LEFT_OUT[case]
    found = world(task)
    told = recalibration(found.card.task, *make(found))

    assert told
    assert told.is_plain
    assert told.problem
    assert why in told.problem
    assert len(told.intercepts) == (3 if task == "multiclass" else 1)


def test_a_rare_class_has_no_intercept_of_its_own() -> None:
    """The temperature alone is fitted, which needs no more of it."""
    found = world("multiclass")
    scores = recalibrated(found.card.task, found.truth, plain(2.0, [0.0, 0.0, 0.0]))
    labels = outcomes(found)
    left = np.ones(len(labels), np.bool_)
    left[np.flatnonzero(labels == 2)[20:]] = False
    told = recalibration(found.card.task, scores[left], labels[left], np.arange(left.sum()))

    assert told
    assert told.intercepts == [0.0, 0.0, 0.0]
    assert 0.3 < told.slope < 0.8


@pytest.mark.parametrize("kept", [0.0, 0.5])
def test_what_is_not_shown_cannot_change_a_score(kept: float) -> None:
    """Not even by a file that says so."""
    with pytest.raises(ValueError, match="not shown changes nothing"):
        Recalibration(
            slope=1.2, intercepts=[0.0], kept=kept, rows=1, units=1, problem="few" if kept else None
        )


BENDS = st.tuples(st.floats(0.05, 20), st.floats(-5, 5))


@TASKS
@settings(deadline=None, max_examples=30)
@given(BENDS)
def test_an_order_stays_what_it_is_and_is_undone(task: str, bend: tuple[float, float]) -> None:
    """Of answers to rows, whatever was fitted; of classes each row stays a distribution."""
    found = _small(task)
    judge = found.card.task
    how = plain(bend[0], [bend[1]] if task != "multiclass" else [bend[1], 0.0, -bend[1]])
    bent = recalibrated(judge, found.truth, how)

    assert judge.sound(bent).all()
    if task != "multiclass":
        assert (np.diff(bent[np.argsort(found.truth)]) >= 0).all()
    if bend[0] < 3:  # beyond, scores come so near to 0 and 1 that floats lose them
        assert original(judge, bent, how) == pytest.approx(found.truth, rel=1e-3, abs=1e-6)


def _small(task: str) -> World:
    return world(task, rows=60)


@TASKS
def test_an_answer_that_is_none_stays_one(task: str) -> None:
    """Recalibration launders nothing that the gate has to see."""
    found = world(task, rows=100)
    judge: Task = found.card.task
    broken = found.truth.copy()
    broken[3], broken[5] = np.nan, np.inf
    if task == "binary":
        broken[7] = 1.7

    bent = recalibrated(judge, broken, plain(*BENT[task]))
    assert (judge.sound(bent) == judge.sound(broken)).all()
    assert not judge.sound(bent)[[3, 5]].any()


def test_a_task_without_a_scale_and_a_version_without_a_fit_answer_as_they_are() -> None:
    """Tasks and versions of before."""
    found = world("binary", rows=100)

    class Unscaled(type(found.card.task)):  # type: ignore[misc]
        scale = None

    task = Unscaled(found.card.data)
    assert recalibration(task, found.truth, outcomes(found), np.arange(100)) is None
    assert recalibrated(found.card.task, found.truth, None) is found.truth
    assert recalibrated(task, found.truth, plain(2.0, [1.0])) is found.truth
