"""A kind is one module: what it declares is all that there is to add, and it is held to it."""

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from slipway.base.errors import SlipwayError, UsageError
from slipway.models import BINARY, Kind, Objective, kind, kinds, require_learns, save
from slipway.models.ridge import Ridge, RidgeParams
from slipway.settings import load_card
from slipway.settings.model import Model
from slipway.training.fit import train_models
from slipway.version.manifest import DataRef
from tests.root import REPOSITORY
from tests.slipway.models.rows import drawn, labelled, labels
from tests.slipway.root import ROOT
from tests.slipway.tiny import impressions

CONSTANT = '''
"""The base rate, for whoever wants no model."""
import json
import numpy as np
from slipway.base.strict import Strict
from slipway.models.interface import BINARY, Kind

class ConstantParams(Strict):
    """Lists are values too."""
    hidden: list[int] = [8]

class Constant:
    """The same for every row."""
    def __init__(self, rate):
        self.rate = rate
    @classmethod
    def fit(cls, train, validation, params, seed, objective=BINARY):
        ConstantParams.model_validate(params)
        return cls(float(train.labels.mean()))
    def scores(self, inputs):
        return np.full(len(inputs.numeric), self.rate)
    def save(self, folder):
        (folder / "rate.json").write_text(json.dumps(self.rate))
    @classmethod
    def load(cls, folder):
        return cls(json.loads((folder / "rate.json").read_text()))

kind = Kind(
    Constant, ConstantParams, learns=frozenset({"binary"}), files=frozenset({"rate.json"}), tolerance=1e-3
)
'''
TRAIN = """
import json
from pathlib import Path
import pyarrow.parquet as pq
from slipway.data.split import split_rows
from slipway.settings import Card, load_card
from slipway.system import load_system
from slipway.training.fit import data_ref, train_models
from slipway.version.answer import Version

root, split, out = Path("."), Path("split"), Path("out")
card = load_card(root, "ad_click")
split_rows(card, load_system("ad_click", root.resolve()), "small", Path("raw"), split)
train_models(root.resolve(), card, split, data_ref(split, "tiny", "small"), out)
version = Version.load(out / "candidate")
scores = version.scores(pq.read_table(split / "validation.parquet"))
print(json.dumps({
    "params": version.manifest.params,
    "tolerance": version.manifest.tolerance,
    "scores": sorted(set(scores.tolist())),
    "schema": "ConstantParams" in Card.model_json_schema()["$defs"],
}))
"""


@pytest.fixture
def grown(tmp_path: Path) -> Path:
    """A project with one file more, whose card asks for what that file declares."""
    for folder in ("slipway", "systems"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("project.yaml", "bentofile.yaml", "requirements-serving.txt"):
        shutil.copyfile(ROOT / file, tmp_path / file)
    (tmp_path / "slipway/models/constant.py").write_text(CONSTANT)
    card = yaml.safe_load((tmp_path / "systems/ad_click/system.yaml").read_text())
    card["models"]["candidates"] = [{"name": "own", "kind": "constant", "params": {"hidden": [4, 2]}}]
    (tmp_path / "systems/ad_click/system.yaml").write_text(yaml.safe_dump(card))
    (tmp_path / "raw").mkdir()
    pq.write_table(impressions(8000), tmp_path / "raw" / "rows.parquet")
    return tmp_path


def ran(root: Path, code: str) -> "subprocess.CompletedProcess[str]":
    """What a process says that finds slipway in a project."""
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command,
        check=False,
        cwd=root,
        env={"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin"},
        text=True,
        capture_output=True,
    )


def test_one_file_makes_a_kind(grown: Path) -> None:
    """It is read from a card, trained, packed as a version and answers by the version's own code."""
    told = ran(grown, TRAIN)
    assert told.returncode == 0, told.stderr
    found = json.loads(told.stdout.splitlines()[-1])

    clicked = pq.read_table(grown / "split" / "train.parquet")["clicked"].to_numpy()
    assert found.pop("scores") == [pytest.approx(clicked.mean())]
    assert found == {"params": {"hidden": [4, 2]}, "tolerance": 1e-3, "schema": True}


def test_its_parameters_are_held_to_what_it_declares(grown: Path) -> None:
    """In the words of every other key of the card."""
    path = grown / "systems/ad_click/system.yaml"
    path.write_text(path.read_text().replace("hidden:", "hiden:"))
    told = ran(
        grown,
        "from slipway.settings import load_card; from pathlib import Path; load_card(Path('.'), 'ad_click')",
    )

    assert told.stderr.splitlines()[-1].endswith(
        "models.candidates.0.params.hiden: unknown key; allowed are hidden"
    )


def test_a_kind_that_cannot_be_imported_is_one_line(grown: Path) -> None:
    """Whatever kind the card asks for."""
    (grown / "slipway/models/constant.py").write_text("import nowhere_to_be_found")
    told = ran(grown, TRAIN)

    assert told.stderr.splitlines()[-1].endswith(
        "slipway.models.constant: cannot be imported: No module named 'nowhere_to_be_found'"
    )


def test_the_kinds_are_found() -> None:
    """And what they share is none."""
    assert list(kinds()) == ["boosting", "logistic", "ridge"]
    with pytest.raises(
        SlipwayError, match=r"no kind of model 'linear' in slipway\.models; there are boosting, logistic"
    ):
        kind("linear")


OBJECTIVE = pytest.mark.gate(
    "model.objective",
    fed="a kind of model that cannot learn what its system predicts",
    stops="train",
    exit=2,
    reason="the card's key, and the kinds that can",
    untouched="nothing trained, no version written",
)


@OBJECTIVE
@pytest.mark.parametrize(
    ("name", "objective", "able"),
    [
        ("ridge", BINARY, "'binary'; boosting, logistic can"),
        ("ridge", Objective("absolute"), "'absolute'; boosting can"),
        ("logistic", Objective("squared"), "'squared'; boosting, ridge can"),
        ("ridge", Objective("classes", 3), "'classes'; boosting, logistic can"),
    ],
)
def test_a_kind_that_cannot_learn_it_is_refused(name: str, objective: Objective, able: str) -> None:
    """By the card's key, with those that can."""
    with pytest.raises(UsageError) as caught:
        require_learns("models.baseline", name, objective)
    assert str(caught.value) == f"models.baseline.kind: {name!r} cannot learn the objective {able}"


@OBJECTIVE
def test_nothing_is_trained_where_one_of_the_models_cannot_learn(tmp_path: Path) -> None:
    """The card is refused before a row is read."""
    card = load_card(ROOT, "ad_click")
    ridge = Model.model_validate({"name": "own", "kind": "ridge"})
    bad = card.model_copy(update={"models": card.models.model_copy(update={"candidates": [ridge]})})
    data = DataRef(
        fingerprint="tiny", size="small", train_rows=1, labels={"base_rate": 0.5}, train_end=datetime.now(UTC)
    )
    with pytest.raises(UsageError, match=r"^models\.candidates\.0\.kind: 'ridge' cannot learn"):
        train_models(ROOT, bad, tmp_path / "no split", data, tmp_path / "out")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "classes"), [("classes", 0), ("classes", 1), ("binary", 2)])
def test_an_objective_that_cannot_be_is_refused(name: str, classes: int) -> None:
    """Classes are two or more, and belong to no other."""
    with pytest.raises(ValueError, match="classes"):
        Objective(name, classes)  # type: ignore[arg-type]


@pytest.mark.parametrize("file", ["model.pkl", "model.joblib", "model.pt", "model"])
def test_a_format_that_may_hold_code_is_refused(file: str) -> None:
    """A kind cannot even be declared with it."""
    with pytest.raises(ValueError, match=rf"^files: '{file}' is none of \.json, "):
        Kind(Ridge, RidgeParams, learns=frozenset({"squared"}), files=frozenset({file}))


@pytest.mark.gate(
    "model.files",
    fed="a model that saves another file than its kind declares, such as a pickle",
    stops="train",
    exit=1,
    reason="the kind and the file",
    untouched="no version written",
)
def test_a_file_that_is_not_declared_is_refused(tmp_path: Path) -> None:
    """Whatever a model saves beside what its kind says."""
    squared = Objective("squared")
    rows = drawn(200)
    known = labelled(rows, labels(rows, squared))
    trained = Ridge.fit(known, known, {}, 0, squared)
    save("ridge", trained, tmp_path)
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "model.pkl").write_bytes(b"")

    with pytest.raises(SlipwayError, match=r"kind 'ridge' saved 'more/model\.pkl', which its files do not"):
        save("ridge", trained, tmp_path)


def test_kinds_import_nothing_heavy() -> None:
    """A card is read in every command, and reading it asks each kind for its parameters."""
    heavy = "{'lightgbm', 'sklearn', 'scipy'} & set(sys.modules)"
    told = ran(REPOSITORY, f"import sys, slipway.models; slipway.models.kinds(); print({heavy})")
    assert told.stdout == "set()\n", told.stderr
