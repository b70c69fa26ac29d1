"""The gate of every task lets a better candidate pass and bites on a worse one."""

from collections.abc import Callable

import numpy as np
import pytest

from slipway.evaluation.gate import decide
from slipway.tasks import Scores
from tests.slipway.tasks.worlds import PRIMARY, World, evidence, weakened, world

TASKS = pytest.mark.parametrize("task", PRIMARY)


def failures(found: World, **scores: Scores) -> list[str]:
    """The codes of the checks that refuse."""
    return [
        check.code
        for check in decide(
            evidence(found, **scores), found.card.task, found.card.gate, found.card.problem.p99_latency_ms
        ).failures
    ]


@TASKS
def test_who_knows_the_truth_passes(task: str) -> None:
    """Against a baseline and a champion that know less."""
    found = world(task)

    assert failures(found, champion=weakened(task, found.truth, 0.3)) == []


@TASKS
def test_a_worse_candidate_is_refused(task: str) -> None:
    """By the champion's rule, in the name of the task's own metric."""
    found = world(task)
    worse = weakened(task, found.truth, 0.4)

    assert f"champion.{PRIMARY[task]}" in failures(found, candidate=worse, champion=found.truth)


@TASKS
def test_who_knows_nothing_is_refused(task: str) -> None:
    """A constant is no better than itself, however it is dressed."""
    found = world(task)
    nothing = weakened(task, found.truth, 1.0)
    told = failures(found, candidate=nothing)

    assert "candidate.not_constant" in told
    assert {"candidate.normalised_error", "candidate.normalised_entropy"} & set(told)


BROKEN: dict[str, tuple[Callable[[Scores], Scores], str]] = {
    "regression": (lambda scores: scores + 3, "candidate.bias"),
    "binary": (np.sqrt, "candidate.calibration"),
    "multiclass": (
        lambda scores: scores**4 / (scores**4).sum(axis=1, keepdims=True),
        "candidate.calibration",
    ),
}


@TASKS
def test_a_biased_candidate_is_refused(task: str) -> None:
    """Although it orders the rows as well as the truth does."""
    found = world(task)
    bend, code = BROKEN[task]

    assert code in failures(found, candidate=bend(found.truth))


@TASKS
def test_answers_that_are_none_are_refused(task: str) -> None:
    """Not one of them may be wrong."""
    found = world(task)
    broken = found.truth.copy()
    broken[7] = np.nan

    assert "candidate.finite" in failures(found, candidate=broken)


@pytest.mark.parametrize("primary", ["squared_error", "absolute_error"])
def test_a_regression_is_judged_by_the_error_of_its_card(primary: str) -> None:
    """The median is the better constant by one, the mean by the other; both are the worst that may pass."""
    found = world("regression", evaluation__primary=primary)
    told = evidence(found)

    assert told.primary == primary
    assert f"baseline.{primary}" in [
        check.code
        for check in decide(told, found.card.task, found.card.gate, found.card.problem.p99_latency_ms).checks
    ]
    assert told.candidate.metrics["normalised_error"].high < 1
    assert told.candidate.metrics["normalised_error"].value == pytest.approx(
        told.candidate.metrics[primary].value
        / {"squared_error": np.var, "absolute_error": _mean_deviation}[primary](_labels(found))
    )


def _labels(found: World) -> Scores:
    return np.asarray(found.rows["label"].to_numpy(), np.float64)


def _mean_deviation(labels: Scores) -> float:
    return float(np.abs(labels - np.median(labels)).mean())


def test_the_metrics_of_classes_are_scikit_learns() -> None:
    """Log loss, accuracy, and the mean AUC of one class against the rest."""
    from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

    found = world("multiclass")
    labels = found.rows["label"].to_pylist()
    names = np.array(sorted(set(labels)))
    order = [["red", "green", "blue"].index(name) for name in names]
    told = evidence(found).candidate.metrics

    assert told["log_loss"].value == pytest.approx(log_loss(labels, found.truth[:, order]))
    assert told["accuracy"].value == pytest.approx(
        accuracy_score(labels, names[found.truth[:, order].argmax(1)])
    )
    assert told["auc"].value == pytest.approx(
        roc_auc_score(labels, found.truth[:, order], multi_class="ovr", labels=names)
    )


@TASKS
def test_a_bound_of_another_task_is_refused(task: str) -> None:
    """The key is named, and what there is."""
    other = "min_auc" if task == "regression" else "bias"
    with pytest.raises(ValueError, match=rf"gate\.{other}: unknown key; for the task '{task}' bounds are"):
        world(task, gate__min_auc=0.6) if task == "regression" else world(task, gate__bias=(-0.1, 0.1))
