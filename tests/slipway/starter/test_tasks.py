"""A table of each task becomes a system: its data passes, models train, are judged, and are served."""

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from slipway.base.digest import sha256
from slipway.base.errors import UsageError
from slipway.data.check import check_rows, require
from slipway.data.ingest import ingest_rows
from slipway.data.parts import check_parts, require_parts
from slipway.data.split import split_rows
from slipway.evaluation.evaluate import evaluate_models
from slipway.evaluation.gate import decide
from slipway.release.bento import build_bento, lay_out
from slipway.rollout.controller import run_canary
from slipway.rollout.target import Deployed, TrafficState
from slipway.rollout.targets.local import local
from slipway.serving.app import build
from slipway.serving.served import load
from slipway.serving.warm import check_parity
from slipway.settings import Card, Line
from slipway.settings.root import Project
from slipway.starter.choices import Choices
from slipway.starter.start import Asked, new_system
from slipway.starter.summary import lines
from slipway.system import load_system
from slipway.training.fit import data_ref, read_scores, train_models
from slipway.version.manifest import MANIFEST, Registered, verify
from tests.slipway.cli.conftest import only_line, slipway
from tests.slipway.root import REPOSITORY
from tests.slipway.serving.browser import Browser
from tests.slipway.starter.tables import blank, write
from tests.slipway.vouched import contender, proven

ROWS = 2400


def sales(rows: int = ROWS) -> list[str]:
    """Shops and days: how many were sold, a class of weather, and stars from 1 to 5."""
    random = np.random.default_rng(0)
    price, shop = np.round(random.uniform(1, 9, rows), 2), random.integers(0, 4, rows)
    amount = np.round(400 / price + 20 * shop + 30 * (price > 5) + random.normal(0, 8, rows)).astype(int)
    heat = np.round(random.normal(15, 8, rows), 1)
    odds = np.stack([np.full(rows, 0.5), 0.3 * (heat - 15), 0.3 * (10 - heat) + (shop == 2)], axis=1)
    odds += random.gumbel(size=odds.shape)
    sky = np.array(["rain", "sun", "snow"])[odds.argmax(axis=1)]
    stars = np.clip(np.round(5 - price / 3 + random.normal(0, 0.8, rows)), 1, 5).astype(int)
    found = ["day,shop,price,heat,units_sold,sky,stars"]
    for row in range(rows):
        day = f"2026-{1 + row * 9 // rows:02d}-{1 + row % 28:02d} {row % 24:02d}:{row % 60:02d}:00"
        found.append(f"{day},S{shop[row]},{price[row]},{heat[row]},{amount[row]},{sky[row]},{stars[row]}")
    return found


@dataclass(frozen=True)
class Made:
    """A system of the sales, and where its data and models lie."""

    root: Path
    out: Path
    said: list[str]

    @property
    def card(self) -> Card:
        """As it was written."""
        return Project(self.root).card("demand")


ASKED = {
    "regression": Choices("units_sold", time="day"),
    "multiclass": Choices("sky", time="day"),
    "binary": Choices("stars", time="day", positive="4,5"),
}


@pytest.fixture(scope="module", params=ASKED)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """From the table to two trained versions, as the stages do it."""
    out = tmp_path_factory.mktemp(request.param)
    root = blank(out / "a project")
    (root / "bentofile.yaml").write_bytes((REPOSITORY / "bentofile.yaml").read_bytes())
    (root / "requirements-serving.txt").write_bytes((REPOSITORY / "requirements-serving.txt").read_bytes())
    table = write(out / "sales.csv", sales())
    started = new_system(Project(root), Asked("demand", table, ASKED[request.param]), print)
    card = Project(root).card("demand")
    system = load_system("demand", root)
    ingest_rows(Project(root), card, "full", out / "raw")
    rows = [out / "raw/rows.parquet"]
    require(check_rows("demand", card.task, system.expectations(card), rows, out / "checks"))
    split_rows(card, system, "full", out / "raw", out / "split")
    require_parts(check_parts(card, system, out / "split"))
    train_models(root, card, out / "split", data_ref(out / "split", "f", "full"), out / "models")
    return Made(root, out, list(lines(started.plan)))


def test_the_card_has_the_task_its_models_and_its_metric(made: Made) -> None:
    """And the command says which task it is."""
    card = made.card
    regression = card.problem.task == "regression"

    assert any(line.startswith(f"task: {card.problem.task}, for ") for line in made.said)
    assert card.models.baseline.kind == ("ridge" if regression else "logistic")
    assert card.evaluation.primary == ("squared_error" if regression else "log_loss")
    assert {one.model for one in read_scores(made.out / "models")} == {card.models.baseline.name, "boosting"}


def test_several_values_count_as_one(made: Made) -> None:
    """4 and 5 stars are 1; amounts are numbers, and classes their words."""
    labels = pq.read_table(made.out / "raw/rows.parquet")[made.card.data.required("label")].to_pylist()
    given = {line.rsplit(",", 1)[1] for line in sales()[1:]}

    if made.card.problem.task == "binary":
        assert sum(labels) == sum(line.endswith((",4", ",5")) for line in sales())
        assert given == {"1", "2", "3", "4", "5"}
    elif made.card.problem.task == "multiclass":
        assert made.card.data.columns["sky"].values == ["rain", "snow", "sun"]
        assert set(labels) == {"rain", "snow", "sun"}
    else:
        assert len(set(labels)) > 50


def test_its_own_code_answers_and_the_gate_judges(made: Made) -> None:
    """The candidate knows more than a constant; as its own champion it is refused."""
    folders = {"baseline": made.out / "models/baseline", "candidate": made.out / "models/candidate"}
    contenders = [contender(role, folder) for role, folder in folders.items()]  # type: ignore[arg-type]
    again = contender("champion", made.out / "models/candidate", 1)
    scores = read_scores(made.out / "models")
    found = evaluate_models(
        made.card, load_system("demand", made.root), made.out / "split", "f", [*contenders, again], scores
    )
    failed = [
        check.code
        for check in decide(found, made.card.task, made.card.gate, made.card.problem.p99_latency_ms).failures
    ]
    primary = made.card.evaluation.primary

    assert f"champion.{primary}" in failed
    assert "candidate.new" in failed
    assert not {"candidate.normalised_error", "candidate.normalised_entropy", "candidate.auc"} & set(failed)


def test_it_is_served_as_its_task_answers(made: Made) -> None:
    """A number, or classes with their scores, best first; and by the protocol the same."""
    version = made.out / "models" / "candidate"
    registered = Registered(name="demand", number=1, digest=sha256(version / MANIFEST))
    lay_out(version, verify(version), registered, made.out / "src")
    served = load(made.out / "src", None)
    check_parity(served, made.out / "src")
    browser = Browser(build(served))
    inputs = {name: column for name, column in made.card.data.columns.items() if name in served.columns}
    values = {"timestamp": "2026-03-01T00:00:00Z", "string": "S1", "number": 3.5, "integer": 3}
    request = {
        name: column.values[0] if column.values else values[column.type]
        for name, column in inputs.items()
        if not column.made
    }
    typed = browser.request("POST", "/predict", json={"requests": [request]})
    datatypes = {"timestamp": "BYTES", "string": "BYTES", "number": "FP64", "integer": "INT64"}
    tensors = [
        {"name": name, "shape": [1], "datatype": datatypes[inputs[name].type], "data": [value]}
        for name, value in request.items()
    ]
    place = f"/v2/models/{served.system}"
    inferred = browser.request("POST", f"{place}/infer", json={"inputs": tensors})
    metadata = browser.request("GET", place).json()

    assert (typed.status_code, inferred.status_code) == (200, 200), (typed.text, inferred.text)
    [answer] = typed.json()["answers"]
    outputs = {one["name"]: one for one in inferred.json()["outputs"]}
    assert [one["name"] for one in metadata["outputs"]] == list(outputs)
    _of_task(made.card.problem.task, answer, outputs, metadata)


def _of_task(task: str, answer: Any, outputs: Any, metadata: Any) -> None:
    if task == "regression":
        assert answer["value"] == outputs["score"]["data"][0]
        assert "rank" not in outputs
        assert 20 < answer["value"] < 400
    elif task == "multiclass":
        classes = answer["classes"]
        assert [one["rank"] for one in classes] == [1, 2, 3]
        assert sum(one["score"] for one in classes) == pytest.approx(1)
        assert metadata["parameters"]["classes"] == ["rain", "snow", "sun"]
        assert outputs["score"]["shape"] == [1, 3]
        by_name = {one["class"]: one["score"] for one in classes}
        assert [by_name[name] for name in ("rain", "snow", "sun")] == outputs["score"]["data"]
    else:
        assert 0 < answer["options"][0]["score"] < 1


@pytest.mark.long
@pytest.mark.parametrize(
    "made", ["regression", pytest.param("multiclass", marks=pytest.mark.deep)], indirect=True
)
def test_a_broken_version_is_aborted_between_two_servers(made: Made) -> None:
    """It learned from labels of other rows: each answer is one, and tells nothing of its row."""
    shutil.copytree(made.out / "split", made.out / "mixed")
    for part in ("train", "validation"):
        mix_labels(made.out / "mixed" / f"{part}.parquet", made.card.data.required("label"))
    train_models(
        made.root, made.card, made.out / "mixed", data_ref(made.out / "mixed", "m", "full"), made.out / "bad"
    )
    line = Line(Project(made.root), "demand", "full")
    stable = deployed(line, made.out / "models" / "candidate", 1)
    canary = deployed(line, made.out / "bad" / "baseline", 2)
    line.traffic.parent.mkdir(parents=True, exist_ok=True)
    line.traffic.write_text(TrafficState(stable=stable).model_dump_json())
    target = local(line)
    guards = made.card.rollout.guardrails.model_copy(
        update={"min_requests": 100, "max_latency_ratio": 1000.0}
    )
    rollout = made.card.rollout.model_copy(update={"guardrails": guards})

    with target.lease.held(), target.placement.trial(canary, "experiment") as trial:
        found = run_canary(
            made.card.model_copy(update={"rollout": rollout}),
            target,
            target.arena(made.out / "split"),
            trial,
            now=lambda: datetime(2026, 9, 1, tzinfo=UTC),
            timer=lambda: 0.0,
            progress=lambda done, total, text: None,
        )

    assert (found.verdict.outcome, found.metric) == ("abort", made.card.evaluation.primary)
    assert [check.code for check in found.verdict.checks if check.answer == "bad"] == ["canary.metric"]
    assert found.looks[-1].canary.errors == 0
    after = target.placement.state()
    assert after is not None
    assert (after.stable, after.weight) == (stable, 0)


def mix_labels(part: Path, label: str) -> None:
    """Give every row the label of another."""
    rows = pq.read_table(part)
    mixed = rows[label].take(np.random.default_rng(0).permutation(rows.num_rows))
    pq.write_table(rows.set_column(rows.column_names.index(label), label, mixed), part)


def deployed(line: Line, version: Path, number: int) -> Deployed:
    """Package a version under a number."""
    registered = Registered(name=line.registered, number=number, digest=sha256(version / MANIFEST))
    build_bento(line.project, proven(version), registered)
    return Deployed(number=number, digest=registered.digest)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--label", "stars"], "say --task regression or --task multiclass, or which of them count as 1"),
        (["--label", "day"], "which are times; forecasting of time series and survival analysis are not"),
        (["--label", "sky", "--task", "forecasting"], "--task: forecasting of time series is not supported"),
        (["--label", "sky", "--task", "images"], "--task: images is not supported"),
        (["--label", "sky", "--task", "ranking"], "--task: found 'ranking'; there are binary, regression"),
        (["--label", "sky", "--task", "regression"], "'sky' holds text, expected numbers"),
        (["--label", "stars", "--positive", "1,2,3,4,5"], "every value of 'stars' would count as 1"),
        (["--label", "stars", "--positive", "4,6"], "--positive: found '6', 'stars' has"),
    ],
)
def test_what_is_unclear_or_not_supported_is_one_line(tmp_path: Path, more: list[str], said: str) -> None:
    """With exit code 2, and nothing written."""
    root = blank(tmp_path / "a project")
    table = write(tmp_path / "sales.csv", sales(1200))
    line = only_line(slipway(root, "new-system", "demand", "--from", str(table), *more), 2)

    assert said in line
    assert not (root / "systems").exists()


def test_ratings_are_what_the_task_says(tmp_path: Path) -> None:
    """As a number or as classes."""
    table = write(tmp_path / "sales.csv", sales(1200))
    for task, kind in (("regression", "integer"), ("multiclass", "string")):
        root = blank(tmp_path / task)
        new_system(Project(root), Asked("demand", table, Choices("stars", "day", task=task)), print)
        label = Project(root).card("demand").data.columns["stars"]

        assert label.type == kind
        assert label.values == (None if task == "regression" else ["1", "2", "3", "4", "5"])


def test_a_value_and_a_task_must_agree(tmp_path: Path) -> None:
    """Two values make it binary."""
    table = write(tmp_path / "sales.csv", sales(1200))
    asked = Asked("demand", table, Choices("stars", "day", positive="5", task="regression"))
    with pytest.raises(UsageError, match="two values make the task binary, not regression"):
        new_system(Project(blank(tmp_path / "p")), asked, print)
