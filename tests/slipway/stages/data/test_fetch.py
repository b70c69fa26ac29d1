"""Data that is not what the run names is not used, wherever it was swapped."""

import json
import shutil
from pathlib import Path

import pytest

from slipway.base.errors import Refused
from slipway.data.versions import hash_of
from slipway.stages.fetch import fetch
from tests.slipway.cli.conftest import only_line, slipway
from tests.slipway.stages.data.conftest import (
    CHECKED,
    UNTRAINED,
    Desk,
    of_data,
    replace,
    rows,
    split_of,
    stage,
)

FETCHED = of_data(
    "fetch.fingerprint",
    "a file of the split replaced after DVC hashed it, or a run that names another split",
    "has the hash ..., expected ...",
    "fetch",
    "no file is handed on, no version registered",
)


@FETCHED
@pytest.mark.parametrize("where", ["working tree", "another file", "run", "run of a commit"])
def test_data_swapped_before_it_is_fetched(desk: Desk, where: str) -> None:
    """Not a file is handed on."""
    run = desk.run("HEAD" if where == "run of a commit" else "WORKSPACE")
    other = (desk.split / "holdout.parquet").read_bytes()
    if where == "working tree":
        replace(desk.split / "train.parquet", other)
    elif where == "another file":
        (desk.split / "more.parquet").write_bytes(other)
    else:
        run = run.model_copy(update={"fingerprint": "0" * 32 + ".dir"})

    said = "the lock" if where == "run of a commit" else "fetched data"
    with pytest.raises(Refused, match=f"{said} has the hash .*, expected {run.fingerprint}") as caught:
        fetch(run, desk.out / "data")

    assert not (desk.out / "data").exists()
    desk.nothing_done(str(caught.value))


def test_a_swapped_cache_is_not_believed(desk: Desk) -> None:
    """What the remote has under the hash that Git holds is handed on."""
    run, other = desk.run("HEAD"), (desk.split / "holdout.parquet").read_bytes()
    shutil.rmtree(desk.split)
    replace(desk.cached("train.parquet"), other)
    fetch(run, desk.out / "data")

    assert hash_of(desk.out / "data") == run.fingerprint


@pytest.mark.parametrize("relpath", ["../../evil.parquet", "train.parquet/../../../evil.parquet"])
def test_a_list_of_files_that_leads_elsewhere(desk: Desk, tmp_path: Path, relpath: str) -> None:
    """Whoever can write to DVC's cache cannot write beside the data with it."""
    run = desk.run("HEAD")
    shutil.rmtree(desk.split)
    listed = json.loads(desk.cached("").read_text())
    replace(desk.cached(""), json.dumps([*listed, listed[0] | {"relpath": relpath}]).encode())

    fetch(run, desk.out / "data")

    assert list(tmp_path.rglob("evil*")) == []
    assert hash_of(desk.out / "data") == run.fingerprint


@pytest.mark.long
@pytest.mark.gate("fetch.fingerprint")
def test_the_pipeline_stops_with_the_code_of_a_refusal(desk: Desk) -> None:
    """Kubeflow's runner, in a process of its own: one line, and no task after the first."""
    replace(desk.split / "train.parquet", (desk.split / "holdout.parquet").read_bytes())
    ran = slipway(desk.project.root, "train", "--size", "small")

    said = only_line(ran, 3)
    assert "fetched data has the hash" in said
    assert "check" not in ran.stdout.lower()
    desk.nothing_done(said.strip().removeprefix("Refused: "))


UNMADE = {
    "check": CHECKED,
    "train": UNTRAINED,
    "evaluate": "no evidence is written, no version registered",
}
SWAPPED = "the data replaced, by another sound split, after it was fetched"


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name,
            marks=[
                of_data(
                    f"{name}.fingerprint",
                    SWAPPED,
                    "data.fingerprint",
                    name,
                    UNMADE[name],
                ),
                of_data(
                    "data.fingerprint",
                    SWAPPED,
                    "data.fingerprint",
                    "check",
                    UNTRAINED,
                ),
            ],
        )
        for name in ("check", "train", "evaluate")
    ],
)
def test_data_swapped_after_it_was_fetched(desk: Desk, tmp_path: Path, name: str) -> None:
    """By another split that holds in itself; each stage that learns or measures asks."""
    other = split_of(rows(2400), tmp_path / "other")

    with pytest.raises(Refused, match=r"data\.fingerprint: \w+\.dir \(allowed: \w+\.dir\)$") as caught:
        stage(name, desk.run(), desk, other)

    assert not (desk.out / "summary.json").exists()
    desk.nothing_done(str(caught.value))
