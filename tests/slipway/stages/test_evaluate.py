"""A comparison with the champion is counted before it is measured, once for each candidate."""

import shutil

import pyarrow.parquet as pq

from slipway.records.evidence import HoldoutUse
from slipway.registry.holdouts import Holdouts
from slipway.stages.evaluate import counted
from tests.slipway.root import ROOT
from tests.slipway.stages.conftest import RUN, Desk
from tests.slipway.tiny import impressions, tiny_version


def use_of(desk: Desk) -> HoldoutUse:
    """What the stage counts for the candidate that lies on the desk."""
    return counted(desk.registry.line, RUN, desk.data, desk.models / "candidate")


def test_each_candidate_pays_once_for_the_holdout(desk: Desk) -> None:
    """By the rows of its file; a training that is repeated finds its own place."""
    pq.write_table(impressions(1200), desk.data / "holdout.parquet")
    first = use_of(desk)
    shutil.rmtree(desk.models / "candidate")
    tiny_version(ROOT, desk.models / "candidate", "logistic", rows=impressions(2000, seed=3))
    second = use_of(desk)

    assert (first, second) == (HoldoutUse.of(1, 0.95), HoldoutUse.of(2, 0.95))
    assert use_of(desk) == second
    assert sorted(one.place or 0 for one in Holdouts(desk.registry.line).uses()) == [1, 2]
