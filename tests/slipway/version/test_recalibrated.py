"""A version answers with recalibrated scores wherever it answers; one of before answers as it did."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from slipway.base.errors import SlipwayError
from slipway.evaluation.evaluate import evaluate_models
from slipway.release.bento import lay_out
from slipway.serving.app import build
from slipway.serving.served import load
from slipway.system import load_system
from slipway.tasks.scales import logit
from slipway.version.answer import Version
from slipway.version.assemble import SCORE
from slipway.version.manifest import PARITY, RECALIBRATION, verify
from slipway.version.parity import scores_of
from slipway.version.process import VersionProcess
from tests.slipway.report.sample import bent, card
from tests.slipway.root import ROOT
from tests.slipway.serving.browser import OPTION, Browser, body
from tests.slipway.tiny import impressions, registered, tiny_version
from tests.slipway.vouched import contender, proven

BENT = bent()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The logistic regression of the other tests, bent."""
    out = tmp_path_factory.mktemp("versions") / "bent"
    tiny_version(ROOT, out, "logistic", recalibration=BENT)
    return out


def test_it_is_a_file_of_the_version(folder: Path, whole: Path) -> None:
    """Under a digest as every other; a version without it lists none."""
    assert RECALIBRATION in verify(folder).files
    assert Version.load(folder).recalibration == BENT
    assert RECALIBRATION not in verify(whole).files
    assert Version.load(whole).recalibration is None


@pytest.mark.gate("evaluate.tampered")
def test_it_cannot_be_changed_or_laid_beside_a_version(folder: Path, copy: Path) -> None:
    """Its digest is held against the manifest, and a file that nobody listed is refused."""
    changed = Path(shutil.copytree(folder, copy.with_name("changed")))
    harmless = BENT.model_copy(update={"slope": 1.2})
    (changed / RECALIBRATION).write_text(harmless.model_dump_json(), encoding="utf-8")
    with pytest.raises(SlipwayError, match=f"{RECALIBRATION}: sha256"), VersionProcess(proven(changed)):
        pass
    (copy / RECALIBRATION).write_bytes((folder / RECALIBRATION).read_bytes())
    with (
        pytest.raises(SlipwayError, match=f"{RECALIBRATION}: not in the manifest"),
        VersionProcess(proven(copy)),
    ):
        pass


def test_every_way_to_ask_gives_the_same_scores(folder: Path, whole: Path, tmp_path: Path) -> None:
    """The loaded version, its ranked answers, its own process and its parity sample."""
    rows = impressions().slice(0, 64).drop_columns(["clicked"])
    pq.write_table(rows, tmp_path / "rows.parquet")
    version, plain = Version.load(folder), Version.load(whole)
    expected = 1 / (1 + np.exp(-(BENT.slope * logit(plain.scores(rows)) + BENT.intercepts[0])))

    answers = version.answer(rows, np.arange(64) // 4)
    with VersionProcess(proven(folder)) as process:
        worker = process.score(tmp_path / "rows.parquet", tmp_path / "out.npy")

    for found in (
        version.scores(rows),
        answers.scores,
        worker,
        scores_of(pq.read_table(folder / PARITY)[SCORE]),
    ):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    assert (answers.ranks == plain.answer(rows, np.arange(64) // 4).ranks).all()


def test_the_service_answers_with_them(folder: Path, tmp_path: Path) -> None:
    """As a Bento lays the version out."""
    out = tmp_path / "src"
    lay_out(folder, verify(folder), registered(folder, 7), out)
    served = load(out, None)
    bends, leaves = (
        Browser(build(replace(served, version=replace(served.version, recalibration=one))))
        for one in (served.version.recalibration, None)
    )
    scores = [
        browser.post("/predict", json=body(OPTION)).json()["answers"][0]["options"][0]["score"]
        for browser in (bends, leaves)
    ]

    assert served.version.recalibration == BENT
    assert logit(np.array(scores[0])) == pytest.approx(
        BENT.slope * logit(np.array(scores[1])) + BENT.intercepts[0]
    )


def test_what_it_changes_stands_in_the_evidence(folder: Path, whole: Path, tmp_path: Path) -> None:
    """Slope and intercept, and metrics with and without them, which are those of the plain version."""
    rows = impressions(1200, seed=1)
    pq.write_table(rows, tmp_path / "holdout.parquet")
    contenders = [contender("baseline", whole), contender("candidate", folder)]
    found = evaluate_models(card(), load_system("ad_click", ROOT), tmp_path, "f", contenders, [])

    assert found.candidate.recalibration == BENT
    assert found.baseline.recalibration is None
    assert found.baseline.before == {}
    for name in ("calibration", "log_loss", "normalised_entropy"):
        assert found.candidate.before[name].value == pytest.approx(
            found.baseline.metrics[name].value, abs=1e-9
        )
        assert found.candidate.metrics[name].value != pytest.approx(
            found.baseline.metrics[name].value, abs=1e-6
        )
    off = [abs(one.metrics["calibration"].value - 1) for one in (found.candidate, found.baseline)]
    # By row: over the labels' share.
    share = found.holdout.labels["base_rate"]
    assert found.comparisons[0].farther["calibration"].value == pytest.approx(share * (off[0] - off[1]))
