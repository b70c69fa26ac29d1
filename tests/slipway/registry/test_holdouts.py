"""Every candidate that is compared on a holdout is counted once, whoever is killed, waits or comes again."""

import multiprocessing
import shutil
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest

from slipway.base.errors import SlipwayError
from slipway.data.overlap import RowSketch
from slipway.registry.holdouts import PLACE, ROWS, Holdouts, Use, place_of
from slipway.registry.versions import Registry
from slipway.settings import Line
from slipway.settings.root import Project
from tests.slipway.root import ROOT


def rows(start: int, stop: int) -> RowSketch:
    """Of a holdout whose rows have these hashes."""
    return RowSketch(np.arange(start, stop, dtype=np.uint64))


OLD, MOSTLY, HALF, NEW = rows(0, 100), rows(40, 140), rows(50, 150), rows(200, 300)
"""A holdout, one that shares 60 of 100 rows with it, one that shares 50, and one that shares none."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with settings alone."""
    root = tmp_path_factory.mktemp("holdouts")
    (root / "systems" / "ad_click").mkdir(parents=True)
    for name in ("project.yaml", "systems/ad_click/system.yaml"):
        shutil.copyfile(ROOT / name, root / name)
    return root


@pytest.fixture
def name() -> str:
    """Of a line of its own."""
    return f"line{uuid4().hex[:8]}"


@pytest.fixture
def holdouts(root: Path, name: str) -> Holdouts:
    """The uses of a line that has none yet."""
    return opened(root, name)


def opened(root: Path, name: str) -> Holdouts:
    """As another process opens them."""
    return Holdouts(Line(Project(root), name, "small"))


def test_candidates_are_counted_and_a_digest_once(holdouts: Holdouts) -> None:
    """Also one that comes again later, on rows that mostly are the same."""
    assert holdouts.uses() == []
    places = [holdouts.spend("f", OLD, digest) for digest in ("a", "b", "a", "c", "b")]

    assert places == [1, 2, 1, 3, 2]
    assert holdouts.spend("g", MOSTLY, "b") == 2
    assert (holdouts.place("g", "b"), holdouts.place("g", "c"), holdouts.place("f", "c")) == (2, None, 3)
    assert [one.place for one in sorted(holdouts.uses(), key=lambda one: one.fingerprint)].count(2) == 2


def test_a_holdout_that_shares_most_of_its_rows_counts_as_the_used_one(holdouts: Holdouts) -> None:
    """Half is not most; a new holdout starts anew."""
    holdouts.spend("f", OLD, "a")
    places = [holdouts.spend(*one) for one in (("g", MOSTLY, "b"), ("h", HALF, "c"), ("i", NEW, "d"))]

    # The third shares ninety of a hundred rows with the second.
    assert places == [2, 2, 1]


def test_uses_are_no_training_runs(root: Path, name: str, holdouts: Holdouts) -> None:
    """Those of the line are found where they were."""
    holdouts.spend("f", OLD, "a")
    registry = Registry(Line(Project(root), name, "small"))

    assert registry.client.get_experiment_by_name(registry.name) is None
    assert registry.records() == []


def test_who_was_killed_before_it_knew_its_place_has_paid(holdouts: Holdouts) -> None:
    """Others count it, and it gets a place when it comes again; nothing is left to mend."""
    experiment = holdouts._experiment(holdouts.experiment)
    tags = {"slipway.data_fingerprint": "f", "slipway.digest": "killed", ROWS: OLD.text()}
    holdouts.client.create_run(experiment, tags=tags)

    assert holdouts.place("f", "killed") is None
    assert holdouts.spend("f", OLD, "next") == 2
    assert holdouts.spend("f", OLD, "killed") == 2
    assert holdouts.spend("f", OLD, "third") == 3


def test_a_place_that_was_edited_is_told(holdouts: Holdouts) -> None:
    """It decides how much a candidate must show."""
    holdouts.spend("f", OLD, "a")
    [use] = holdouts.uses()
    holdouts.client.set_tag(use.run, PLACE, "first")

    with pytest.raises(SlipwayError, match="is 'first', expected 1 or more"):
        holdouts.place("f", "a")


def spent(root: Path, name: str, digest: str) -> int:
    """One training of several at the same time."""
    return opened(root, name).spend("f", OLD, digest)


@pytest.mark.long
def test_trainings_at_the_same_time_get_places_of_their_own(root: Path, name: str) -> None:
    """Four processes, of which two have the same bits."""
    opened(root, name).spend("f", OLD, "before")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["mlflow", __name__])  # once, and not in each
    with context.Pool(4) as pool:
        places = pool.starmap(spent, [(root, name, digest) for digest in ("a", "b", "c", "a")])

    assert places[0] == places[3]
    assert sorted({*places}) == [2, 3, 4]


def test_without_a_lock_nobody_gets_too_low_a_place() -> None:
    """Everybody is written before anybody counts: then all count all."""
    uses = [Use(str(number), "f", str(number), OLD, None) for number in range(3)]

    assert [place_of(one.digest, OLD, uses) for one in uses] == [3, 3, 3]
