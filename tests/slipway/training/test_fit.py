"""What training sees, and what it must not."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from slipway.base.documents import read
from slipway.base.errors import Refused
from slipway.data.manifest import PARTS
from slipway.data.parts import read_manifest
from slipway.data.split import split_rows
from slipway.evaluation.compose import HoldoutRows
from slipway.rollout.traffic import Traffic
from slipway.settings import Card, load_card
from slipway.system import System, load_system
from slipway.training.fit import Tables, data_ref, read_scores, train_models
from slipway.version.answer import Version
from slipway.version.assemble import SCORE
from slipway.version.manifest import MANIFEST, PARITY, RECALIBRATION, Manifest
from slipway.version.parity import scores_of
from tests.slipway.data import small
from tests.slipway.patient import MINUTE, Patient
from tests.slipway.root import ROOT
from tests.slipway.tiny import impressions

START = datetime(2026, 1, 1, tzinfo=UTC)
ROWS = 2000
PLANTED = 1000.0
"""The score of a row whose label comes years late, and is 1 as no other with a high score."""


@pytest.fixture(scope="module")
def system() -> System:
    """One that reads the columns of its card."""
    return load_system("ad_click", ROOT)


@pytest.fixture(scope="module")
def card() -> Card:
    """Labels with a time of their own; 10 % validation, 20 % holdout, 20 % replay."""
    columns = dict(small.COLUMNS) | {"told": {"type": "timestamp", "role": "known_at"}}
    return small.card(
        {"kind": "table", "format": "csv"},
        columns,
        {"validation": 0.1, "holdout": 0.2, "replay": 0.2},
    )


@pytest.fixture(scope="module")
def parts(card: Card, system: System, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A row a minute, with a planted label in every hundredth."""
    raw = tmp_path_factory.mktemp("raw")
    number, random = np.arange(ROWS), np.random.default_rng(0)
    time, late = START.timestamp() * 1e6 + number * MINUTE, number % 100 == 50
    table = pa.table(
        {
            "time": pa.array(time.astype(np.int64), pa.timestamp("us")),
            "user": [f"user {row}" for row in number],
            "score": np.where(late, PLANTED, random.random(ROWS)),
            "clicked": np.where(late, 1, number % 3 == 0).astype(np.int64),
            "told": pa.array((time + np.where(late, 10**6, 2) * MINUTE).astype(np.int64), pa.timestamp("us")),
        }
    )
    pq.write_table(table, raw / "rows.parquet")
    manifest = split_rows(card, system, "full", raw, raw / "split")
    # the planted ones, and the two that were told when the next part had begun
    assert [manifest.parts[part].left_out for part in PARTS] == [12, 4, 6, 0]
    return raw / "split"


def test_a_label_that_came_late_is_not_used(card: Card, system: System, parts: Path) -> None:
    """Neither for training, nor for choosing, nor for judging; traffic counts it once it is known."""
    tables, rows = Tables.read(card, system, parts), HoldoutRows.read(card, system, parts)

    for inputs in (tables.train.inputs.numeric, tables.validation.inputs.numeric):
        assert inputs.max() < PLANTED
    assert max(rows.requests["score"].to_pylist()) < PLANTED
    traffic = Traffic.load(card, system, parts, seed=0)
    due = traffic.due(0, len(traffic), waited=False)
    planted = np.array(traffic.requests["score"].to_pylist()) == PLANTED
    assert planted.sum() == 4
    assert due[:-2].tolist() == (~planted[:-2]).tolist()


def test_the_time_at_which_a_label_became_known_is_no_input(card: Card, system: System, parts: Path) -> None:
    """Neither is the label."""
    rows = HoldoutRows.read(card, system, parts)
    assert rows.requests.column_names == card.data.inputs == ["time", "user", "score"]


def test_a_version_says_until_when_its_labels_were_known(parts: Path) -> None:
    """Two minutes after its last row, and before the holdout begins."""
    found, manifest = data_ref(parts, "f", "full"), read_manifest(parts)

    assert found.train_known_until == manifest.parts["validation"].known_until
    assert found.train_known_until == found.train_end + timedelta(minutes=2)
    assert found.train_known_until < manifest.parts["holdout"].start
    assert found.train_rows == manifest.parts["train"].rows == 988


@pytest.mark.gate(
    "train.known",
    fed="a training or validation row whose label became known after the next part began",
    stops="train",
    exit=3,
    reason="expected before the next part begins",
    untouched="nothing is learned",
)
@pytest.mark.parametrize(("part", "after"), [("train", "validation"), ("validation", "holdout")])
def test_training_refuses_a_label_from_later(
    card: Card, system: System, parts: Path, tmp_path: Path, part: str, after: str
) -> None:
    """Whoever put it there."""
    made = Path(shutil.copytree(parts, tmp_path / "split"))
    table = pq.read_table(made / f"{part}.parquet")
    begins = read_manifest(made).parts[after].start.replace(tzinfo=None)  # type: ignore[index]
    times = pa.array([*table["told"].to_pylist()[:-1], begins], pa.timestamp("us"))
    pq.write_table(table.set_column(4, "told", times), made / f"{part}.parquet")

    with pytest.raises(Refused, match=f"an outcome of the {part} part became known at {begins}"):
        Tables.read(card, system, made)


@pytest.fixture(scope="module")
def drifted(system: System, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A split of impressions in which half of the clicks are lost from the validation part on."""
    raw = tmp_path_factory.mktemp("drifted")
    table = impressions(24_000)
    lost = (np.arange(24_000) > 24_000 * 0.45) & (np.arange(24_000) % 2 == 0)
    clicks = np.where(lost, 0, table["clicked"].to_numpy())
    pq.write_table(table.set_column(13, "clicked", pa.array(clicks)), raw / "rows.parquet")
    split_rows(load_card(ROOT, "ad_click"), system, "full", raw, raw / "split")
    return raw / "split"


def trained(split: Path, out: Path, recalibrate: bool = True) -> Path:
    """The baseline of the ad click system, trained on a split; returns its folder."""
    card = load_card(ROOT, "ad_click")
    models = card.models.model_copy(update={"recalibrate": recalibrate})
    card = card.model_copy(update={"models": models})
    train_models(ROOT, card, split, data_ref(split, "f", "full"), out, "baseline", say=lambda _: None)
    return out / "baseline"


def spoilt(split: Path, to: Path, part: str) -> Path:
    """The same split with the labels of one part turned round."""
    made = Path(shutil.copytree(split, to))
    table = pq.read_table(made / f"{part}.parquet")
    turned = pa.array(1 - table["clicked"].to_numpy())
    pq.write_table(table.set_column(13, "clicked", turned), made / f"{part}.parquet")
    return made


def test_recalibration_is_a_fitted_part_of_a_version(drifted: Path, tmp_path: Path) -> None:
    """It is listed in the manifest, and answers meet the newest outcomes as the model alone does not."""
    folder = trained(drifted, tmp_path)
    version, alone = (Version.load(one) for one in (folder, trained(drifted, tmp_path / "off", False)))
    validation = pq.read_table(drifted / "validation.parquet")
    requests, labels = validation.drop_columns(["clicked"]), validation["clicked"].to_numpy()

    assert RECALIBRATION in version.manifest.files
    assert alone.recalibration is None
    assert RECALIBRATION not in alone.manifest.files
    assert version.recalibration
    assert version.recalibration.rows == len(labels)
    assert version.recalibration.units == len(set(validation["user_id"].to_pylist()))
    assert alone.scores(requests).mean() / labels.mean() > 1.4
    assert version.scores(requests).mean() / labels.mean() == pytest.approx(1, abs=0.1)
    kept = pq.read_table(folder / PARITY)
    assert scores_of(kept[SCORE]) == pytest.approx(version.scores(kept.drop_columns([SCORE])), abs=1e-9)


def test_no_label_of_the_holdout_is_used(drifted: Path, tmp_path: Path) -> None:
    """Turned round, or taken away, they change no bit of a version; those of validation do."""
    folder = trained(drifted, tmp_path / "as it is")
    turned = trained(spoilt(drifted, tmp_path / "turned", "holdout"), tmp_path / "of turned")
    gone = Path(shutil.copytree(drifted, tmp_path / "gone"))
    for part in ("holdout", "replay"):
        (gone / f"{part}.parquet").unlink()
    blind = trained(gone, tmp_path / "of gone")
    other = trained(spoilt(drifted, tmp_path / "other", "validation"), tmp_path / "of other")

    files = [read(one / MANIFEST, Manifest).files for one in (folder, turned, blind, other)]
    assert files[0] == files[1] == files[2]
    assert {name for name in files[0] if files[0][name] != files[3][name]} == {RECALIBRATION, PARITY}


def test_the_best_is_chosen_by_what_it_will_answer(drifted: Path, tmp_path: Path) -> None:
    """The score of a model on validation is that of its answers."""
    folder = trained(drifted, tmp_path)
    validation = pq.read_table(drifted / "validation.parquet")
    version = Version.load(folder)
    answers = version.scores(validation.drop_columns(["clicked"]))

    [score] = read_scores(tmp_path)
    assert score.score == pytest.approx(
        version.card.task.score(answers, validation["clicked"].to_numpy()), abs=1e-9
    )


def test_a_system_that_reads_its_own_outcomes_is_followed(tmp_path: Path) -> None:
    """By the split, training and evaluation alike."""
    card = load_card(ROOT, "ad_click")
    pq.write_table(impressions(4000), tmp_path / "rows.parquet")
    manifest = split_rows(card, Patient(), "small", tmp_path, tmp_path / "split")
    tables = Tables.read(card, Patient(), tmp_path / "split")
    rows = HoldoutRows.read(card, Patient(), tmp_path / "split")

    assert (manifest.parts["train"].left_out or 0) > 0
    for part, labels in (("train", tables.train.labels), ("holdout", rows.outcomes)):
        table = pq.read_table(tmp_path / "split" / f"{part}.parquet")
        assert labels.tolist() == [1 - clicked for clicked in table["clicked"].to_pylist()]
