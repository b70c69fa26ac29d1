"""A library was upgraded and scores otherwise: nobody decides on a champion that is no longer itself."""

import os
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from slipway.records.evidence import Evidence
from slipway.version.assemble import SCORE
from slipway.version.environment import LOCK
from slipway.version.manifest import PARITY, verify
from slipway.version.parity import differences, scores_of
from slipway.version.process import VersionProcess
from tests.root import REPOSITORY
from tests.slipway.evaluation.bad import judged
from tests.slipway.evaluation.rescore import rescored
from tests.slipway.evaluation.upgrade import all_else, lock, upgraded
from tests.slipway.report.sample import card
from tests.slipway.root import ROOT
from tests.slipway.tiny import impressions, tiny_version
from tests.slipway.version.conftest import keep_scores
from tests.slipway.vouched import proven

FACTOR = 0.3
"""Of what LightGBM should predict, so that a candidate that is no better looks better than its champion."""


@dataclass(frozen=True)
class Upgraded:
    """A champion of boosting, and a candidate of fewer rows that needs no LightGBM.

    Attributes:
        python: where LightGBM was upgraded.
        wheels: the folder with those of the champion's lock.
    """

    split: Path
    candidate: Path
    champion: Path
    python: Path
    wheels: Path

    def rescored(self, environments: Path, wheels: Path) -> Evidence:
        """What is measured there."""
        places = map(str, (self.split, self.candidate, self.champion, environments))
        done = subprocess.run(
            [self.python, "-m", "tests.slipway.evaluation.rescore", *places],
            cwd=REPOSITORY,
            env=os.environ | {"PIP_FIND_LINKS": str(wheels), "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.PIPE,
            check=True,
        )
        return Evidence.model_validate_json(done.stdout)


@pytest.fixture(scope="module")
def after(split: Path, tmp_path_factory: pytest.TempPathFactory) -> Upgraded:
    """The machine after the upgrade."""
    folder = tmp_path_factory.mktemp("upgraded")
    root = folder / "project"
    shutil.copytree(ROOT / "systems", root / "systems")
    for name in ("project.yaml", "bentofile.yaml"):
        shutil.copyfile(ROOT / name, root / name)
    (root / LOCK).write_text(lock(all_else(folder / "wheels")))
    tiny_version(root, folder / "champion", "boosting", rows=impressions(20_000))
    tiny_version(root, folder / "candidate", "logistic", rows=impressions(2000))
    python = upgraded(folder / "venv", FACTOR)
    return Upgraded(split, folder / "candidate", folder / "champion", python, folder / "wheels")


@pytest.fixture(scope="module")
def before(after: Upgraded, tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """What is measured where the champion was trained."""
    return rescored(after.split, after.candidate, after.champion, tmp_path_factory.mktemp("none"))


def loss(found: Evidence) -> float:
    """The champion's."""
    assert found.champion is not None
    return found.champion.metrics["log_loss"].value


def test_the_upgrade_does_change_what_the_champion_answers(after: Upgraded, tmp_path: Path) -> None:
    """Without a word: its own code runs, every digest agrees, and the numbers are others."""
    with VersionProcess(proven(after.champion), python=after.python) as process:
        scores = process.score(after.champion / PARITY, tmp_path / "out.npy")

    kept = scores_of(pq.read_table(after.champion / PARITY)[SCORE])
    assert differences(scores, kept).max() > 0.01


@pytest.mark.long
def test_a_gate_that_knows_no_better_decides_on_other_numbers(
    after: Upgraded, before: Evidence, tmp_path: Path
) -> None:
    """What would happen: a champion that is taken at its new word loses to that candidate."""
    forgetful = Path(shutil.copytree(after.champion, tmp_path / "champion"))
    keep_scores(forgetful, after.python)
    found = replace(after, champion=forgetful).rescored(tmp_path / "none", tmp_path)
    failed = {check.code for check in judged(found, card()).failures}

    assert loss(found) > loss(before) + 0.01
    assert {"champion.parity", "champion.log_loss"}.isdisjoint(failed)


def test_where_nothing_changed_its_scores_are_taken_as_they_are(before: Evidence) -> None:
    """And a candidate that is not shown to be better is refused."""
    assert before.parity is not None
    assert (before.parity.here, before.parity.carried, before.parity.differing) == (0, None, [])
    assert [check.code for check in judged(before, card()).failures if check.code.startswith("champion")] == [
        "champion.log_loss"
    ]


@pytest.mark.gate("champion.parity")
@pytest.mark.gate(
    "champion.rescored",
    fed="a champion whose kept rows get other scores, for LightGBM was upgraded since, and its lock's wheels "
    "are not at hand",
    stops="evaluate",
    exit=3,
    reason="champion.parity: the largest difference, and `lightgbm 99.0, kept 4.7.0`",
    untouched="no row of the holdout scored by it; nothing downloaded",
)
def test_a_champion_that_is_no_longer_itself_is_refused(after: Upgraded, tmp_path: Path) -> None:
    """The line says what differs, and what mends it."""
    found = after.rescored(tmp_path / "environments", tmp_path)
    kept = verify(after.champion).environment
    [check] = [one for one in judged(found, card()).failures if one.code == "champion.parity"]

    assert kept is not None
    assert found.champion is None
    assert check.answer == "bad"
    assert f"lightgbm 99.0, kept {kept.packages['lightgbm']}" in check.found
    assert "all_else==1" in check.found
    assert "`environments: download`" in check.found
    assert "\n" not in check.found
    assert not judged(found, card()).passed
    assert [*(tmp_path / "environments").glob("*/")] == []


@pytest.mark.long
def test_it_is_scored_in_the_environment_that_it_carries(
    after: Upgraded, before: Evidence, tmp_path: Path
) -> None:
    """Its true numbers come out, bit for bit."""
    found = after.rescored(tmp_path, after.wheels)

    assert found.parity is not None
    assert found.parity.passed
    assert found.parity.carried == 0
    assert (found.parity.here or 0) > 0.01
    assert loss(found) == loss(before)
    assert "champion.log_loss" in [check.code for check in judged(found, card()).failures]
    assert found.champion is not None
    assert found.champion.environment == verify(after.champion).environment
