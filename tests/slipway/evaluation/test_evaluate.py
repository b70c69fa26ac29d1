"""Versions are measured by the code packaged with them, in processes of their own."""

import shutil
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from slipway.base.errors import SlipwayError
from slipway.data.requests import request_bounds, request_codes
from slipway.evaluation.compose import HoldoutRows, Subject, compose
from slipway.evaluation.evaluate import Contender, evaluate_models
from slipway.records.evidence import Evidence
from slipway.system import load_system, read_examples
from tests.slipway.evaluation.bad import judged
from tests.slipway.report.sample import card
from tests.slipway.root import ROOT
from tests.slipway.tiny import impressions
from tests.slipway.version.conftest import keep_scores, rewrite, set_field
from tests.slipway.vouched import contender

UNSCORED = pytest.mark.gate("champion.scored")
IMPROBABLE = pytest.mark.gate(
    "scores.improbable",
    fed="a champion with scores outside [0, 1], or a baseline with such or with NaN",
    stops="evaluate",
    exit=3,
    reason="champion.scored: scores are no probabilities; exit code 1 where it is the baseline",
    untouched="no comparison made",
)
SHAPE = pytest.mark.gate(
    "scores.shape",
    fed="a candidate that gives more or fewer scores than rows",
    stops="evaluate",
    exit=1,
    reason="FOLDER: scores of shape (1199,) for 1200 rows",
    untouched="no evidence",
)
ABSENT = pytest.mark.gate(
    "candidate.absent",
    fed="a candidate that is not at hand",
    stops="evaluate",
    exit=1,
    reason="no candidate",
    untouched="no evidence",
)


def with_code(version: Path, out: Path, file: str, old: str, new: str) -> Path:
    """A whole version like another, but for one change in the code that it carries."""
    shutil.copytree(version, out)
    rewrite(out, file, old, new)
    return out


def scores_times(factor: str) -> tuple[str, str, str]:
    """The change in a logistic regression's code by which its scores are multiplied."""
    old = "1.0 / (1.0 + np.exp(-logit))"
    return "slipway/models/logistic.py", old, f"({old}) * {factor}"


def measured(split: Path, baseline: Path, champion: Contender) -> Evidence:
    """The evidence of a baseline that is the candidate too, beside a champion."""
    contenders = [contender("baseline", baseline), contender("candidate", baseline), champion]
    return evaluate_models(card(), load_system("ad_click", ROOT), split, "tiny", contenders, [])


def problem_of(split: Path, baseline: Path, champion: Contender) -> str:
    """What the evidence says of a champion that the gate must refuse."""
    found = measured(split, baseline, champion)
    assert found.champion is None
    assert [one.other for one in found.comparisons] == ["baseline"]
    assert "champion.scored" in [check.code for check in judged(found, card()).failures]
    return found.champion_problem or ""


def test_a_champion_is_rescored_by_its_own_code(split: Path, baseline: Path, tmp_path: Path) -> None:
    """What the working tree's features do today does not matter to an older version."""
    older = with_code(
        baseline, tmp_path / "older", "slipway/models/logistic.py", "np.exp(-logit)", "np.exp(-logit + 3)"
    )
    keep_scores(older)
    found = measured(split, baseline, contender("champion", older, 1))

    assert found.champion is not None
    assert found.champion.metrics["calibration"].value < 0.5 * found.candidate.metrics["calibration"].value
    assert judged(found, card()).checks


@UNSCORED
def test_a_champion_that_cannot_be_scored_is_stated_and_refused(
    split: Path, baseline: Path, tmp_path: Path
) -> None:
    """Nothing may be promoted over a champion that nobody could measure."""
    broken = with_code(
        baseline, tmp_path / "broken", "systems/ad_click/features.py", "def transform(", "def transformed("
    )
    found = measured(split, baseline, contender("champion", broken, 1))

    assert found.champion is None
    assert "transform" in (found.champion_problem or "")
    assert "champion.scored" in [check.code for check in judged(found, card()).failures]


@UNSCORED
@IMPROBABLE
def test_a_champion_whose_scores_are_no_probabilities_is_refused(
    split: Path, baseline: Path, tmp_path: Path
) -> None:
    """Its log loss would flatter any candidate."""
    bad = with_code(baseline, tmp_path / "bad", *scores_times("-2.0"))
    keep_scores(bad)

    assert "scores are no probabilities" in problem_of(split, baseline, contender("champion", bad, 1))


@IMPROBABLE
def test_a_baseline_whose_scores_are_no_probabilities_is_an_error(
    split: Path, baseline: Path, tmp_path: Path
) -> None:
    """It would flatter any candidate too."""
    bad = with_code(baseline, tmp_path / "bad", *scores_times("np.nan"))

    with pytest.raises(SlipwayError, match="1200 scores are no probabilities"):
        evaluate_models(
            card(),
            load_system("ad_click", ROOT),
            split,
            "tiny",
            [contender("baseline", bad), contender("candidate", baseline)],
            [],
        )


@pytest.mark.parametrize(
    ("factor", "code"),
    [
        pytest.param("np.nan", "candidate.finite", marks=pytest.mark.gate("candidate.finite")),
        pytest.param("2.0", "candidate.finite", marks=pytest.mark.gate("candidate.finite")),
        pytest.param("0.0 + 0.3", "candidate.not_constant", marks=pytest.mark.gate("candidate.not_constant")),
    ],
)
def test_a_candidate_that_answers_nonsense_is_measured_and_refused(
    split: Path, baseline: Path, tmp_path: Path, factor: str, code: str
) -> None:
    """What it answers is evidence; every number of it can be written and read back."""
    bad = with_code(baseline, tmp_path / "bad", *scores_times(factor))
    contenders = [contender("baseline", baseline), contender("candidate", bad)]
    found = evaluate_models(card(), load_system("ad_click", ROOT), split, "tiny", contenders, [])

    assert code in [check.code for check in judged(found, card()).failures]
    assert Evidence.model_validate_json(found.model_dump_json()) == found


@SHAPE
@pytest.mark.parametrize("part", ["[:-1]", "[:, None]"])
def test_a_candidate_with_another_number_of_scores_is_an_error(
    split: Path, baseline: Path, tmp_path: Path, part: str
) -> None:
    """No score would belong to its row."""
    bad = with_code(
        baseline,
        tmp_path / "bad",
        "slipway/models/logistic.py",
        "dtype=np.float64)\n\n    def save",
        f"dtype=np.float64){part}\n\n    def save",
    )
    contenders = [contender("baseline", baseline), contender("candidate", bad)]

    with pytest.raises(SlipwayError, match=r"scores of shape .* for 1200 rows"):
        evaluate_models(card(), load_system("ad_click", ROOT), split, "tiny", contenders, [])


@pytest.mark.gate("candidate.holdout_unseen")
@pytest.mark.gate("champion.holdout_unseen")
def test_the_last_row_that_a_version_saw_comes_from_its_manifest(baseline: Path, tmp_path: Path) -> None:
    """A holdout from the days of the training refuses both; the rows' order does not matter."""
    pq.write_table(impressions(1200)[::-1], tmp_path / "holdout.parquet")
    found = measured(tmp_path, baseline, contender("champion", baseline, 1))
    codes = [check.code for check in judged(found, card()).failures]

    assert found.holdout.start < found.holdout.end.replace(tzinfo=UTC) < found.candidate.train_end
    assert {"candidate.holdout_unseen", "champion.holdout_unseen"} <= set(codes)


def test_units_are_those_of_the_card(split: Path) -> None:
    """The unit of assignment, not the row."""
    users = len(set(pq.read_table(split / "holdout.parquet")["user_id"].to_pylist()))

    rows = HoldoutRows.read(card(), load_system("ad_click", ROOT), split)
    assert len(set(rows.units.tolist())) == users < 1200


def test_the_reward_is_that_of_the_option_ranked_first(baseline: Path, split: Path, tmp_path: Path) -> None:
    """By the true probabilities, where they are known; ties keep the order of the rows."""
    rows = HoldoutRows.read(card(), load_system("ad_click", ROOT), split)
    truth = np.arange(1200.0) / 1200
    known = HoldoutRows.of(
        card().task, read_examples(card().data, pq.read_table(split / "holdout.parquet")), truth
    )
    subjects = [
        Subject(role, "m", None, "d", datetime(2026, 1, 1, tzinfo=UTC), 1.0, scores, np.ones(20))
        for role, scores in {"baseline": np.full(1200, 0.5), "candidate": truth}.items()
    ]
    found = compose("tiny", card().task, card().evaluation, known, "tiny", subjects, [], seed=0)

    assert found.baseline.reward == pytest.approx(truth[::4].mean())
    assert found.candidate.reward == pytest.approx(truth[3::4].mean())
    unknown = compose("tiny", card().task, card().evaluation, rows, "tiny", subjects, [], seed=0)
    assert unknown.candidate.reward is None


@UNSCORED
def test_a_champion_that_fails_while_timed_is_refused(split: Path, baseline: Path, tmp_path: Path) -> None:
    """It scored the file, and could not answer a single request."""
    slow = with_code(
        baseline,
        tmp_path / "slow",
        "slipway/version/worker.py",
        "self.version.answer(table, groups)",
        "raise ValueError('no single requests')",
    )

    assert "ValueError: no single requests" in problem_of(split, baseline, contender("champion", slow, 1))


@UNSCORED
def test_a_champion_of_another_schema_is_refused(split: Path, baseline: Path, tmp_path: Path) -> None:
    """A newer slipway made it."""
    shutil.copytree(baseline, tmp_path / "newer")
    set_field(tmp_path / "newer", "schema_version", 3)

    found = problem_of(split, baseline, contender("champion", tmp_path / "newer", 1))

    assert "schema_version 3" in found


@UNSCORED
def test_a_champion_that_prints_into_the_protocol_is_refused(
    split: Path, baseline: Path, tmp_path: Path
) -> None:
    """Versions of before could not tell their features' prints from replies."""
    talking = with_code(
        baseline, tmp_path / "talking", "slipway/version/worker.py", 'return {"rows"', 'return "x", {"rows"'
    )

    assert "expected a reply with 'rows'" in problem_of(split, baseline, contender("champion", talking, 1))


@UNSCORED
def test_a_champion_that_is_not_at_hand_is_refused(split: Path, baseline: Path) -> None:
    """Its download or its digests failed before."""
    missing = contender("champion", None, 1, problem="version 1: features.npz: missing")

    assert problem_of(split, baseline, missing) == "version 1: features.npz: missing"


@ABSENT
def test_a_candidate_that_is_not_at_hand_is_an_error(split: Path, baseline: Path) -> None:
    """Only a champion's problem is evidence."""
    contenders = [contender("baseline", baseline), contender("candidate", None, problem="no candidate")]

    with pytest.raises(SlipwayError, match="no candidate"):
        evaluate_models(card(), load_system("ad_click", ROOT), split, "tiny", contenders, [])


def test_a_candidate_that_fails_while_timed_is_an_error(split: Path, baseline: Path, tmp_path: Path) -> None:
    """The champion is not blamed for it."""
    broken = with_code(
        baseline,
        tmp_path / "broken",
        "slipway/version/worker.py",
        '{"nanoseconds":',
        '{"seconds":',
    )
    contenders = [
        contender("baseline", baseline),
        contender("candidate", broken),
        contender("champion", baseline, 1),
    ]

    with pytest.raises(SlipwayError, match=r"broken: .*expected a reply with 'nanoseconds'"):
        evaluate_models(card(), load_system("ad_click", ROOT), split, "tiny", contenders, [])


@pytest.mark.gate("evaluate.tampered")
def test_a_tampered_candidate_is_an_error(split: Path, baseline: Path, tmp_path: Path) -> None:
    """A digest that does not match stops the measurement."""
    shutil.copytree(baseline, tmp_path / "bad")
    weights = tmp_path / "bad" / "model" / "weights.npy"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")

    with pytest.raises(SlipwayError, match=r"model/weights\.npy"):
        evaluate_models(
            card(),
            load_system("ad_click", ROOT),
            split,
            "tiny",
            [contender("baseline", baseline), contender("candidate", tmp_path / "bad")],
            [],
        )


def test_requests_are_found_by_their_id() -> None:
    """Rows of a request lie together."""
    bounds = request_bounds(request_codes(impressions(12), card().data.column("request")))

    assert [(0, 4), (4, 8), (8, 12)] == list(pairwise(bounds.tolist()))
    assert bounds.dtype == np.int64
