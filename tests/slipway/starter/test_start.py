"""A new system, from the table to `git add`: whole or not at all."""

import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from slipway.base.digest import sha256
from slipway.data.check import check_rows, require
from slipway.data.ingest import ingest_rows
from slipway.data.split import split_rows
from slipway.release.bento import lay_out
from slipway.serving.app import build
from slipway.serving.served import load
from slipway.settings import Card
from slipway.settings.root import Project
from slipway.starter import start
from slipway.starter.choices import Choices
from slipway.starter.start import Asked, Started, new_system
from slipway.starter.summary import lines, next_steps
from slipway.system import load_system
from slipway.training.fit import data_ref, read_scores, train_models
from slipway.version.manifest import MANIFEST, Registered, verify
from tests.slipway.cli.conftest import slipway
from tests.slipway.serving.browser import Browser
from tests.slipway.starter.tables import PROJECT, blank, churn, listing, write

CHURN = Choices("churned", time="signed up")


def started(root: Path, table: Path, choices: Choices = CHURN, name: str = "churn") -> Started:
    """Make a system of a table."""
    return new_system(Project(root), Asked(name, table, choices), print)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Customers, outside of every project."""
    return write(tmp_path_factory.mktemp("from") / "Customers.csv", churn())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, table: Path) -> tuple[Project, Started]:
    """A project in which it was done."""
    root = blank(tmp_path_factory.mktemp("made") / "a project")
    return Project(root), started(root, table)


def test_it_writes_what_it_says(made: tuple[Project, Started], tmp_path: Path) -> None:
    """The system, its test, and the link to the table; the table itself is DVC's."""
    project, done = made
    folder = ("system.yaml", "__init__.py", "features.py", "expectations.py", "README.md")
    new = {*(f"systems/churn/{name}" for name in folder), "tests/systems/test_churn.py"}
    links = {"systems/churn/source.dvc", "systems/churn/.gitignore"}

    assert set(listing(project.root)) - set(listing(blank(tmp_path / "blank"))) == new | links
    assert set(done.files) == {"project.yaml", "systems/churn", "tests/systems/test_churn.py"}
    assert [one.name for one in (project.root / ".slipway").iterdir() if "new-system" in one.name] == []


def test_the_project_lists_it_and_keeps_its_comments(made: tuple[Project, Started]) -> None:
    """Commands work on it where none is named."""
    project, _ = made
    assert (project.root / "project.yaml").read_text() == PROJECT.replace("[]", "[churn]")
    assert Project(project.root).card().name == "churn"


def test_columns_are_sorted(made: tuple[Project, Started]) -> None:
    """Ids, constants and what tells the label are left out; marks of missing values are found."""
    project, done = made
    card = Project(project.root).card("churn")

    assert {one.name: one.why.split()[0] for one in done.plan.design.left} == {
        "customer_id": "differs",
        "country": "is",
        "ended": "alone",
    }
    assert (card.features.categorical, card.features.numeric) == (
        ["plan", "months", "calls"],
        ["months", "calls", "spend"],
    )
    assert card.data.columns["churned"].positive == "yes"
    assert card.data.columns["plan"].values == ["basic", "plus", "pro"]
    assert card.data.columns["spend"].null_share == 0.1
    assert done.plan.source.missing == ["NA"]


def test_a_small_size_that_spans_too_little_time_is_made_larger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And it says so; the card has the delay."""
    monkeypatch.setattr(start, "small_rows", lambda rows: 700)
    monkeypatch.setattr(start, "more_rows", lambda limit, rows: limit + 700)
    told: list[str] = []
    table = write(tmp_path / "Customers.csv", churn(6000))
    project = Project(blank(tmp_path / "a project"))
    new_system(project, Asked("churn", table, Choices("churned", time="signed up", delay=72)), told.append)
    data = Project(project.root).card("churn").data

    said = "700 rows are too few for a small size: the validation part spans "
    assert [line[: len(said)] for line in told if "too few" in line] == [said]
    assert (data.label_delay_hours, data.source.rows["small"]) == (72, 1400)


def test_its_data_passes_and_trains(made: tuple[Project, Started], tmp_path: Path) -> None:
    """Ingest, check, split and both models, by the files that were written."""
    project, _ = made
    card: Card = Project(project.root).card("churn")
    system = load_system("churn", project.root)
    (project.root / "bentofile.yaml").write_text("include: [/systems/*/*.py]\n")
    ingest_rows(project, card, "full", tmp_path / "raw")
    summary = check_rows(
        "churn", card.task, system.expectations(card), [tmp_path / "raw/rows.parquet"], tmp_path / "checks"
    )
    require(summary)
    split_rows(card, system, "full", tmp_path / "raw", tmp_path / "split")
    reference = data_ref(tmp_path / "split", "f", "full")
    scores = train_models(project.root, card, tmp_path / "split", reference, tmp_path / "models")

    assert summary.failed_warning == []
    assert {one.model for one in scores} == {"logistic", "boosting"}
    assert min(one.score for one in scores) < 0.55
    labels = pq.read_table(tmp_path / "raw/rows.parquet")["churned"].to_pylist()
    assert sum(labels) == sum(line.endswith(",yes") for line in churn())


def test_its_own_test_passes_and_can_fail(made: tuple[Project, Started]) -> None:
    """Without the data; a feature that looks at the rows beside it fails."""
    project, _ = made
    features = project.root / "systems/churn/features.py"
    sound = features.read_text()

    def run() -> int:
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "tests/systems/test_churn.py",
        ]
        return subprocess.run(command, cwd=project.root, capture_output=True, check=False).returncode

    assert run() == 0
    wrong = '{"place": np.arange(requests.num_rows).astype(np.float32)}'
    features.write_text(sound.replace("return {}", f"return {wrong}"))
    try:
        assert run() == 1
    finally:
        features.write_text(sound)


def test_a_second_system_leaves_the_first_alone(made: tuple[Project, Started], table: Path) -> None:
    """Without a time and a unit, and named by the command that runs it."""
    project, _ = made
    before = listing(project.root)
    done = new_system(Project(project.root), Asked("other", table, Choices("churned")), print)
    after = listing(project.root)

    assert {name for name in before if after[name] != before[name]} == {"project.yaml"}
    assert Project(project.root).settings.systems == ["churn", "other"]
    assert any("the split is random" in line for line in lines(done.plan))
    assert next_steps(done, is_default=False, has_makefile=True)[1] == "slipway demo --system other"


def test_the_command_says_what_it_found_and_what_is_next(tmp_path: Path, table: Path) -> None:
    """The label's meaning, what was left out and why, and the commands."""
    root = blank(tmp_path / "a project")
    ran = slipway(
        root, "new-system", "churn", "--from", str(table), "--label", "churned", "--time", "signed up"
    )

    assert ran.returncode == 0, ran.stderr
    assert "'yes' counts as 1" in ran.stdout
    assert "left out: ended alone tells the label" in ran.stdout
    assert "the split is random" not in ran.stdout
    added = next(line for line in ran.stdout.splitlines() if "git add" in line).split()
    (root / "dvc.lock").touch()  # of `make demo`, which comes before
    subprocess.run(added, cwd=root, check=True)
    command = ["git", "status", "--porcelain"]
    status = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert {line[:2] for line in status.stdout.splitlines() if "churn" in line} == {"A "}


@pytest.mark.parametrize("step", ["bring", "write_text"])
def test_a_failure_takes_everything_back(
    tmp_path: Path, table: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Whether DVC fails or somebody interrupts it at the very end."""
    root = blank(tmp_path / "a project")
    before = listing(root)
    right = getattr(start, step)

    def fail(*arguments: object) -> object:
        if step == "write_text" and arguments[0] != root / "project.yaml":
            return right(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(start, step, fail)
    with pytest.raises(KeyboardInterrupt):
        started(root, table)

    assert listing(root) == before
    assert not (root / "systems" / "churn").exists()


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Versions of a system whose table has neither time nor unit nor category, but names of the API's own."""
    root = blank(tmp_path_factory.mktemp("numbers") / "a project")
    rows = [(row % 997, row * 7 % 1000, int(row * 7919 % 100 < row % 997 / 10)) for row in range(1300)]
    lines = ["score,options,y", *(f"{a + 0.5},{b / 10},{y}" for a, b, y in rows)]
    started(root, write(root.parent / "t.csv", lines), Choices("y"), "numbers")
    (root / "bentofile.yaml").write_text("include: [/systems/*/*.py]\n")
    project, out = Project(root), root.parent
    card = project.card("numbers")
    ingest_rows(project, card, "full", out / "raw")
    split_rows(card, load_system("numbers", root), "full", out / "raw", out / "split")
    train_models(root, card, out / "split", data_ref(out / "split", "f", "full"), out / "models")
    return out


def test_only_numbers_train_too(numbers: Path) -> None:
    """Both kinds of model take inputs without any category."""
    scores = read_scores(numbers / "models")
    assert [one.model for one in scores] == ["logistic", "boosting"]
    assert all(one.score < 0.69 for one in scores)


def test_no_request_carries_what_ingestion_makes(numbers: Path) -> None:
    """Neither a place in a shuffle nor the number of a row is asked for, and neither changes the answer."""
    version = numbers / "models" / "candidate"
    manifest = verify(version)
    registered = Registered(name="numbers", number=1, digest=sha256(version / MANIFEST))
    lay_out(version, manifest, registered, numbers / "src")
    browser = Browser(build(load(numbers / "src", None)))
    made = {"row": 5, "time": "2026-01-01T00:00:00Z"}
    answers = [
        browser.post("/predict", json={"requests": [{"score": 3.5, "options_2": 1.0} | more]})
        for more in ({}, made)
    ]
    assert [one.status_code for one in answers] == [200, 200]
    assert answers[0].json()["answers"] == answers[1].json()["answers"]


def test_the_card_is_read_by_editors_too(made: tuple[Project, Started]) -> None:
    """It is plain YAML with every section in its order."""
    text = (made[0].root / "systems/churn/system.yaml").read_text()
    assert [*yaml.safe_load(text)][:4] == ["schema_version", "name", "problem", "data"]
