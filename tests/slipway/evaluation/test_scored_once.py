"""The bits of a version are scored and timed once, however many contenders have them."""

import shutil
from collections import Counter
from pathlib import Path

import pytest

from slipway.base.errors import SlipwayError
from slipway.evaluation.evaluate import evaluate_models
from slipway.evaluation.latency import REQUESTS, WARMUP
from slipway.settings.card import Gate, SliceName
from slipway.system import load_system
from tests.slipway.evaluation.test_evaluate import measured, problem_of, with_code
from tests.slipway.report.sample import card
from tests.slipway.root import ROOT
from tests.slipway.vouched import contender


@pytest.mark.parametrize(
    ("others", "processes"),
    [(("baseline", "baseline"), 1), (("baseline", "other"), 2), (("other", "other"), 2)],
)
def test_a_digest_is_scored_once(
    split: Path, baseline: Path, tmp_path: Path, others: tuple[str, str], processes: int
) -> None:
    """Contenders with the same bits share a process, its scores and its times; each is in the evidence.

    The champion's gives its kept scores beside.
    """
    log = tmp_path / "answers"
    old = "1.0 / (1.0 + np.exp(-logit))"
    for name, more in (("baseline", "0"), ("other", "1e-9")):
        noted = f"open({str(log)!r}, 'a').write(f'{{__import__(\"os\").getpid()}}\\n') * 0 + {more} + {old}"
        with_code(baseline, tmp_path / name, "slipway/models/logistic.py", old, noted)
    shutil.copytree(tmp_path / others[1], tmp_path / "champion")
    found = evaluate_models(
        card(),
        load_system("ad_click", ROOT),
        split,
        "tiny",
        [
            contender("baseline", tmp_path / "baseline"),
            contender("candidate", tmp_path / others[0]),
            contender("champion", tmp_path / "champion", 7),
        ],
        [],
    )
    answers = Counter(log.read_text().splitlines())

    each = 1 + WARMUP + REQUESTS
    assert [*answers.values()] == [*([each] * (processes - 1)), each + 1]
    assert found.champion is not None
    assert (found.champion.role, found.champion.version) == ("champion", 7)
    assert (found.champion.digest == found.baseline.digest) == (others[1] == "baseline")
    assert (found.champion.latency.ratio.value == 1) == (others[1] == "baseline")


def test_a_tampered_champion_with_the_digest_of_another_is_refused(
    split: Path, baseline: Path, tmp_path: Path
) -> None:
    """That the baseline is whole says nothing of its files."""
    bad = shutil.copytree(baseline, tmp_path / "bad")
    (bad / "more.txt").write_text("")

    assert "more.txt: not in the manifest" in problem_of(split, baseline, contender("champion", bad, 1))


def test_a_champion_that_is_the_baseline_is_not_blamed_for_it(
    split: Path, baseline: Path, tmp_path: Path
) -> None:
    """A baseline that fails while it is timed is an error, whose bits they ever are."""
    slow = with_code(
        baseline,
        tmp_path / "slow",
        "slipway/version/worker.py",
        "self.version.answer(table, groups)",
        "raise ValueError('no single requests')",
    )

    with pytest.raises(SlipwayError, match="no single requests"):
        measured(split, slow, contender("champion", slow, 1))


def test_the_slices_that_the_card_marks_are_measured_as_critical(split: Path, baseline: Path) -> None:
    """Large enough or not, the evidence says so; each has its own interval."""
    marked = [SliceName(column="device", value=value) for value in ("phone", "desktop", "tablet")]
    given = card().model_copy(update={"gate": Gate(critical_slices=marked)})
    contenders = [contender("baseline", baseline), contender("candidate", baseline)]
    found = evaluate_models(given, load_system("ad_click", ROOT), split, "tiny", contenders, [])
    small = found.small_slices
    assert small

    each = [*found.comparisons[0].slices, *small.slices]
    assert {one.column for one in each} == {"device", "placement"}
    assert {one.value for one in each if one.column == "device"} == {
        one.value for one in each if one.critical
    }
