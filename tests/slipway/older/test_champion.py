"""A version that an older slipway trained is scored by its own code, and is a champion to beat."""

import json
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from slipway.base.digest import sha256
from slipway.evaluation.compose import HoldoutRows
from slipway.evaluation.evaluate import evaluate_models
from slipway.records.checks import GateVerdict
from slipway.records.evidence import Evidence, HoldoutUse
from slipway.system import load_system
from slipway.version.assemble import SCORE
from slipway.version.manifest import CODE, MANIFEST, PARITY, verify
from slipway.version.parity import scores_of
from slipway.version.process import VersionProcess
from tests.slipway.evaluation.bad import judged
from tests.slipway.older.line import OLDER, unpacked
from tests.slipway.report.sample import card
from tests.slipway.root import ROOT
from tests.slipway.tiny import impressions, tiny_version
from tests.slipway.vouched import contender, proven


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The older version."""
    return unpacked(tmp_path_factory.mktemp("older")) / "version"


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A holdout of today, a month after what the older version was trained on."""
    folder = tmp_path_factory.mktemp("split")
    table = impressions(8000, seed=1)
    later = pc.add(table["time"], pa.scalar(timedelta(days=30)))
    place = table.column_names.index("time")
    pq.write_table(table.set_column(place, "time", later), folder / "holdout.parquet")
    return folder


def against(older: Path, split: Path, candidate: Path, rows: int) -> tuple[Evidence, GateVerdict]:
    """What is measured of a candidate of so many rows beside the older champion, and what the gate says."""
    tiny_version(ROOT, candidate, "logistic", rows=impressions(rows, seed=3))
    contenders = [
        contender("baseline", candidate),
        contender("candidate", candidate),
        contender("champion", older, OLDER),
    ]
    found = evaluate_models(
        card(), load_system("ad_click", ROOT), split, "f", contenders, [], HoldoutUse.of(1, 0.95)
    )
    return found, judged(found, card())


def test_its_manifest_is_read_and_holds(older: Path) -> None:
    """With every digest of that time; what it cannot say is None."""
    found = verify(older)

    assert json.loads((older / MANIFEST).read_bytes())["schema_version"] == 1
    assert found.schema_version == 2
    assert found.data.labels == {"base_rate": pytest.approx(0.186, abs=0.001)}
    assert found.data.train_known_until is None
    assert not (older / CODE / "slipway" / "base").exists()


def test_it_scores_rows_of_today_by_its_own_code(older: Path, split: Path, tmp_path: Path) -> None:
    """The sample gets the scores of its training, and a holdout of today one score a row."""
    with VersionProcess(proven(older)) as process:
        sample = process.score(older / PARITY, tmp_path / "sample.npy")
        requests = HoldoutRows.read(card(), load_system("ad_click", ROOT), split).requests
        pq.write_table(requests, tmp_path / "requests.parquet")
        today = process.score(tmp_path / "requests.parquet", tmp_path / "today.npy")

    assert sample == pytest.approx(scores_of(pq.read_table(older / PARITY)[SCORE]), abs=1e-6)
    assert today.shape == (8000,)
    assert ((today > 0) & (today < 1)).all()


def test_a_better_candidate_passes_against_it(older: Path, split: Path, tmp_path: Path) -> None:
    """It is measured anew as the champion, on the same rows.

    It cannot say when the outcomes that it learned from became known: the gate asks that of the candidate
    alone, and holds the champion's last row against the start of the holdout.
    """
    found, verdict = against(older, split, tmp_path / "better", 60_000)
    codes = {check.code for check in verdict.checks}

    assert found.champion is not None
    assert found.champion.digest == sha256(older / MANIFEST)
    assert found.champion.recalibration is None
    assert "calibration" in found.comparisons[1].farther
    assert verdict.failures == []
    assert {"champion.log_loss", "champion.holdout_unseen"} <= codes
    assert "champion.outcomes_known" not in codes


def test_a_worse_candidate_is_refused_against_it(older: Path, split: Path, tmp_path: Path) -> None:
    """As against any champion."""
    _, verdict = against(older, split, tmp_path / "worse", 600)

    assert "champion.log_loss" in [check.code for check in verdict.failures]
