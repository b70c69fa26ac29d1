"""A split that somebody made by hand is refused where its parts leak into each other."""

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from slipway.base.errors import Refused, SlipwayError
from slipway.data.manifest import PARTS
from slipway.data.parts import read_manifest
from slipway.data.split import MANIFEST, summarise
from slipway.settings import load_card
from slipway.system import load_system
from tests.slipway.root import ROOT
from tests.slipway.stages.data.conftest import UNTRAINED, Change, Desk, of_data, replace, stage


def rewrite(folder: Path, part: str, change: Callable[[pa.Table], pa.Table]) -> None:
    """Another part, and a manifest that knows of it."""
    path = folder / f"{part}.parquet"
    pq.write_table(change(pq.read_table(path)), path)
    found = read_manifest(folder)
    parts = found.parts | {part: summarise(load_card(ROOT, "ad_click"), load_system("ad_click", ROOT), path)}
    (folder / MANIFEST).write_text(found.model_copy(update={"parts": parts}).model_dump_json())


def borrowed(folder: Path, part: str, count: int = 50) -> Callable[[pa.Table], pa.Table]:
    """The rows of a part and some of another."""
    other = pq.read_table(folder / f"{part}.parquet").slice(0, count)
    return lambda table: pa.concat_tables([table, other])


def shared_request(folder: Path) -> None:
    """Training gets the request of a holdout row, at a time of its own."""
    request = pq.read_table(folder / "holdout.parquet")["request_id"][0]

    def change(table: pa.Table) -> pa.Table:
        ids = [request.as_py(), *table["request_id"].to_pylist()[1:]]
        return table.set_column(0, "request_id", pa.array(ids))

    rewrite(folder, "train", change)


def told(folder: Path, part: str, **changes: Any) -> None:
    """A manifest that says something else of a part."""
    found = read_manifest(folder)
    parts = found.parts | {part: found.parts[part].model_copy(update=changes)}
    (folder / MANIFEST).write_text(found.model_copy(update={"parts": parts}).model_dump_json())


def lies_about_time(folder: Path) -> None:
    """Rows of the holdout in training, and a manifest that denies it."""
    before = read_manifest(folder).parts["train"]
    rewrite(folder, "train", borrowed(folder, "holdout"))
    told(folder, "train", end=before.end)


def other_system(folder: Path) -> None:
    """The manifest of another system."""
    found = read_manifest(folder)
    (folder / MANIFEST).write_text(found.model_copy(update={"system": "fraud"}).model_dump_json())


def late_label(folder: Path) -> None:
    """The last training row stands a second before validation begins; its click is known an hour later."""
    last = read_manifest(folder).parts["validation"].start.replace(tzinfo=None) - timedelta(seconds=1)

    def change(table: pa.Table) -> pa.Table:
        times = pa.array([*table["time"].to_pylist()[:-1], last], table["time"].type)
        return table.set_column(table.column_names.index("time"), "time", times)

    rewrite(folder, "train", change)


def without_embargo(folder: Path) -> None:
    """The manifest as it was when outcomes had no time."""
    content = json.loads((folder / MANIFEST).read_text()) | {"schema_version": 1}
    for part in content["parts"].values():
        del part["known_until"], part["left_out"], part["copies"]
        part["base_rate"] = part.pop("labels")["base_rate"]
    (folder / MANIFEST).write_text(json.dumps(content))


def old_rows_again(folder: Path) -> None:
    """The first training requests once more, under the numbers and times of the holdout's."""
    train = pq.read_table(folder / "train.parquet")

    def change(table: pa.Table) -> pa.Table:
        copies = train.slice(0, table.num_rows)
        for place, name in enumerate(table.column_names):
            if name in ("request_id", "time"):
                copies = copies.set_column(place, name, table[name])
        return copies

    rewrite(folder, "holdout", change)
    told(folder, "holdout", copies=0)


def without_a_look_for_copies(folder: Path) -> None:
    """The manifest as it was before anybody counted them."""
    content = json.loads((folder / MANIFEST).read_text()) | {"schema_version": 2}
    for part in content["parts"].values():
        del part["copies"]
    (folder / MANIFEST).write_text(json.dumps(content))


def one_class(folder: Path) -> None:
    """A holdout without a click."""
    rewrite(folder, "holdout", lambda table: table.filter(pc.equal(table["clicked"], 0)))


def overwritten(folder: Path) -> None:
    """A part that the manifest does not know of."""
    shutil.copyfile(folder / "replay.parquet", folder / "train.parquet")


OVERLAP = of_data(
    "parts.time",
    "rows of the holdout or the replay part in the training data, or another overlap in time",
    "parts.time.validation",
    "check",
    UNTRAINED,
)
REQUESTS = of_data(
    "parts.requests",
    "a request with rows in training and in the holdout",
    "parts.requests",
    "check",
    UNTRAINED,
)
SAID = of_data(
    "parts.manifest",
    "a manifest that says something else than the files hold",
    "parts.manifest.train",
    "check",
    UNTRAINED,
)
DIGEST = of_data(
    "parts.sha256",
    "a part whose digest is not the manifest's",
    "parts.sha256.train",
    "check",
    UNTRAINED,
)
SYSTEM = of_data(
    "parts.system",
    "the split of another system",
    "parts.system",
    "check",
    UNTRAINED,
)
CLASSES = of_data(
    "parts.base_rate",
    "a part with one class only",
    "parts.base_rate.holdout",
    "check",
    UNTRAINED,
    guard="parts",
)
ROWS = of_data(
    "parts.rows",
    "a part of fewer than a hundred rows",
    "parts.rows.validation",
    "check",
    UNTRAINED,
)
KNOWN = of_data(
    "parts.known",
    "a label in one part that became known after the next began, or the split of an older slipway, whose "
    "manifest does not say until when labels were known",
    "parts.known.train",
    "check",
    UNTRAINED,
)
COPIES = of_data(
    "parts.copies",
    "a holdout of copies of training rows, at later times and under other numbers; too many copies that the "
    "split left out; or the split of an older slipway, whose manifest does not count them",
    "parts.copies.holdout",
    "check",
    UNTRAINED,
)
HAND_MADE: dict[str, tuple[Change, str, pytest.MarkDecorator]] = {
    "holdout rows in training": (
        lambda folder: rewrite(folder, "train", borrowed(folder, "holdout")),
        "parts.time.validation",
        OVERLAP,
    ),
    "replay rows in training": (
        lambda folder: rewrite(folder, "train", borrowed(folder, "replay")),
        "parts.time.validation",
        OVERLAP,
    ),
    "replay rows in validation": (
        lambda folder: rewrite(folder, "validation", borrowed(folder, "replay")),
        "parts.time.holdout",
        OVERLAP,
    ),
    "training rows in the holdout": (
        lambda folder: rewrite(folder, "holdout", borrowed(folder, "train")),
        "parts.time.holdout",
        OVERLAP,
    ),
    "one request in two parts": (shared_request, "parts.requests: 1 in two parts", REQUESTS),
    "a manifest that denies it": (lies_about_time, "parts.manifest.train", SAID),
    "a part of another split": (overwritten, "parts.sha256.train", DIGEST),
    "a label that came late": (late_label, "parts.known.train: outcomes known until", KNOWN),
    "no embargo": (
        without_embargo,
        "`dvc repro` makes the split anew",
        KNOWN,
    ),
    "copies": (
        old_rows_again,
        "rows copy a row of an earlier part, 0 of them left out (allowed: at most 0.1 of the rows",
        COPIES,
    ),
    "many copies left out": (
        lambda folder: told(folder, "replay", copies=200),
        "200 of them left out",
        COPIES,
    ),
    "nobody looked for copies": (
        without_a_look_for_copies,
        "parts.copies.replay: an older slipway made this split and did not look for copies",
        COPIES,
    ),
    "another system": (other_system, "parts.system: fraud", SYSTEM),
    "one class": (one_class, "parts.base_rate.holdout", CLASSES),
    "few rows": (
        lambda folder: rewrite(folder, "validation", lambda table: table.slice(0, 99)),
        "parts.rows.validation: 99",
        ROWS,
    ),
}


@pytest.mark.parametrize(
    ("change", "said"),
    [pytest.param(change, said, marks=mark, id=name) for name, (change, said, mark) in HAND_MADE.items()],
)
def test_a_hand_made_split_that_leaks(desk: Desk, tmp_path: Path, change: Change, said: str) -> None:
    """Its hash is the run's own, so whoever made it also started the run: it is refused all the same."""
    data = Path(shutil.copytree(desk.split, tmp_path / "made"))
    change(data)

    with pytest.raises(Refused, match="the parts of the data fail their checks") as caught:
        stage("train", desk.run(data=data), desk, data)

    assert said in str(caught.value)
    assert "data.fingerprint" not in str(caught.value)
    desk.nothing_done(str(caught.value))


@pytest.mark.parametrize("name", [*(f"{part}.parquet" for part in PARTS), MANIFEST])
def test_a_file_that_is_missing_or_cut_off(desk: Desk, tmp_path: Path, name: str) -> None:
    """It is named."""
    data = Path(shutil.copytree(desk.split, tmp_path / "made"))
    path = data / name
    replace(path, path.read_bytes()[:-20])
    with pytest.raises(SlipwayError, match=f"{name}: (not|cut off) "):
        stage("train", desk.run(data=data), desk, data)
    path.unlink()
    with pytest.raises(SlipwayError, match=name):
        stage("train", desk.run(data=data), desk, data)

    assert not (desk.out / "models").exists()
