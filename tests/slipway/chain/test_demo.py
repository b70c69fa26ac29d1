"""The main job on a laptop, every part real: data, pipelines, registry, Bentos, traffic."""

import hashlib
import json
import signal
import time
import urllib.request
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.slipway.chain.conftest import Copy, copy_project

pytestmark = pytest.mark.long

SMALL = ("--size", "small")


@pytest.fixture(scope="session")
def done(fresh: Copy) -> Copy:
    """The main job has run."""
    ran = fresh.slipway("demo", *SMALL)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return fresh


def decisions(copy: Copy, size: str = "small") -> list[dict]:
    """Every decision record, oldest first."""
    return json.loads(copy.slipway("history", "--size", size, "--json").stdout)


def artifacts(copy: Copy, record: dict) -> Path:
    """The folder of the artifacts of a decision's MLflow run."""
    said = copy.slipway("report", "--size", record["size"], "--record", record["id"])
    return Path(said.stdout.strip()).parent


def status(copy: Copy) -> dict:
    """Aliases and traffic."""
    return json.loads(copy.slipway("status", *SMALL, "--json").stdout)[0]


def servers(copy: Copy) -> list[psutil.Process]:
    """Processes that serve a Bento of this copy."""
    place = str(copy.root / ".slipway" / "bentoml")
    return [
        one
        for one in psutil.process_iter(["cmdline", "name"])
        if place in " ".join(one.info["cmdline"] or [])
    ]


def tasks(copy: Copy) -> list[str]:
    """The tasks of the newest pipeline run, by the folders that kfp made."""
    runs = [*(copy.root / ".slipway" / "runs").glob("*/*/")]
    return sorted(path.name for path in max(runs, key=lambda path: path.stat().st_mtime).iterdir())


def test_the_baseline_goes_first_and_the_winner_earns_production(done: Copy) -> None:
    """Four decisions: register and deploy the baseline, register and promote the candidate."""
    found = [(one["decision"], one["version"], one["replaced"]) for one in decisions(done)]

    assert [("registered", 1, None), ("first", 1, None), ("registered", 2, 1), ("promote", 2, 1)] == found


def test_aliases_and_traffic_agree(done: Copy) -> None:
    """Version 2 is live, version 1 is what a rollback returns to, and nothing is left running."""
    now = status(done)

    assert (now["production"], now["stable"], now["previous"], now["canary"]) == (2, 2, 1, None)
    assert now["problems"] == []
    assert servers(done) == []


def test_git_sees_no_change(done: Copy) -> None:
    """State lives in ignored folders, and the data is, byte for byte, what dvc.lock says."""
    assert done.git("status", "--porcelain") == ""


def test_an_unchanged_run_says_so(done: Copy) -> None:
    """And decides nothing again."""
    before = len(decisions(done))
    again = done.slipway("demo", *SMALL)

    assert again.returncode == 0
    assert "Nothing changed" in again.stdout
    assert len(decisions(done)) == before


def test_the_report_is_one_file_with_the_decision_on_top(done: Copy) -> None:
    """As an artifact of the run and wherever the user wants it."""
    out = done.root.parent / "report.html"
    said = done.slipway("report", *SMALL, "--to", str(out))

    assert str(out) == said.stdout.strip()
    assert "was promoted to production" in out.read_text()
    assert "<script" not in out.read_text()


def test_data_docs_lie_beside_the_report_of_a_training(done: Copy) -> None:
    """What Great Expectations found in the rows that a version was trained on, for whoever opens its run."""
    at = artifacts(done, decisions(done)[2])

    assert "Great Expectations" in (at / "data_docs" / "docs.html").read_text()
    assert json.loads((at / "data_docs" / "result.json").read_text())["summary"]["failed_critical"] == []
    assert 'href="data_docs/docs.html"' in (at / "report.html").read_text()


def test_the_production_version_is_served(done: Copy) -> None:
    """`slipway serve` answers until it is interrupted, and then is gone."""
    running = done.start("serve", *SMALL, "--port", "0", "--json")
    told = json.loads(running.stdout.readline() if running.stdout else "")
    with urllib.request.urlopen(f"{told['url']}/v2/models/ad_click") as answer:
        served = json.load(answer)
    running.send_signal(signal.SIGINT)

    assert running.wait() == 130
    assert served["versions"] == ["2"]
    assert servers(done) == []


def test_plain_python_makes_the_version_that_kubeflow_made(
    done: Copy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same code at every level: the digest of the whole version is equal."""
    from slipway.base.digest import sha256
    from slipway.stages.fetch import fetch
    from slipway.stages.run import RunRef
    from slipway.stages.train import train
    from slipway.version.manifest import MANIFEST

    monkeypatch.chdir(done.root)
    last = decisions(done)[-1]
    fingerprint = last["data_fingerprint"]
    run = RunRef(id="plain", system="ad_click", size="small", revision="WORKSPACE", fingerprint=fingerprint)
    fetch(run, tmp_path / "data")
    train(run, "all", data=tmp_path / "data", models=tmp_path / "models")

    assert last["version_digest"] == sha256(tmp_path / "models" / "candidate" / MANIFEST)


@pytest.fixture(scope="session")
def worse(done: Copy) -> Copy:
    """The candidate's parameters are crippled, and the training pipeline runs again."""
    crippled = {"name": "stump", "kind": "boosting", "params": {"rounds": 1, "num_leaves": 2}}
    done.change_card(models={"candidates": [crippled]})
    ran = done.slipway("train", *SMALL)
    assert ran.returncode == 3, ran.stdout + ran.stderr
    return done


@pytest.mark.gate("champion.log_loss")
def test_a_worse_candidate_is_not_registered(worse: Copy) -> None:
    """It is refused with its reasons, and the registry holds the two versions that it held."""
    last = decisions(worse)[-1]

    assert (last["decision"], last["version"]) == ("refused", None)
    assert "champion.log_loss" in [check["code"] for check in last["checks"] if not check["passed"]]
    assert "refuse" in tasks(worse)
    assert "register" not in tasks(worse)
    assert (status(worse)["staging"], status(worse)["production"]) == (2, 2)


@pytest.mark.gate("package.barred")
def test_a_rollback_returns_to_the_version_before(worse: Copy) -> None:
    """One command; the version that was live is barred, and rolling it out again is refused."""
    back = worse.slipway("rollback", *SMALL, "--reason", "clicks from robots", "--json")

    assert back.returncode == 0, back.stderr
    assert json.loads(back.stdout)["decision"] == "rollback"
    assert (status(worse)["production"], status(worse)["stable"], status(worse)["previous"]) == (1, 1, None)
    again = worse.slipway("rollout", *SMALL, "--version", "2")
    assert again.returncode == 3
    assert "clicks from robots" in again.stderr


BROKEN = """
import pyarrow.compute as pc
LATE = {late!r}


def transform(card: Card, requests: pa.Table, state: FeatureState) -> Inputs:
    if pc.max(requests["time"]).as_py().isoformat() > LATE:
        raise ValueError("a clock that nobody foresaw")
    return sound_transform(card, requests, state)
"""


@pytest.fixture(scope="session")
def erring(worse: Copy) -> Copy:
    """A better candidate whose code fails on requests of a later day: a fault that only traffic shows."""
    manifest = json.loads(
        (worse.root / "data" / "ad_click" / "small" / "split" / "manifest.json").read_text()
    )
    features = worse.root / "systems" / "ad_click" / "features.py"
    sound = features.read_text().replace("def transform(", "def sound_transform(")
    features.write_text(sound + BROKEN.format(late=manifest["parts"]["replay"]["start"][:19]))
    better = {"name": "better", "kind": "boosting", "params": {"rounds": 150, "learning_rate": 0.1}}
    worse.change_card(models={"candidates": [better]})
    ran = worse.slipway("train", *SMALL)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return worse


@pytest.mark.gate("canary.error_rate")
def test_a_canary_that_errors_is_aborted(erring: Copy) -> None:
    """The gate could not know; the traffic does, and the alias does not move."""
    ran = erring.slipway("rollout", *SMALL)
    last = decisions(erring)[-1]

    assert ran.returncode == 3, ran.stdout + ran.stderr
    assert "abort" == last["decision"]
    assert "canary.error_rate" in [check["code"] for check in last["checks"] if not check["passed"]]
    assert (status(erring)["production"], status(erring)["stable"]) == (1, 1)
    assert "promote" not in tasks(erring)
    assert servers(erring) == []


def let_go(copy: Copy) -> list[psutil.Process]:
    """The servers that have begun; one whose run is killed before it says so ends by itself."""
    return [one for one in servers(copy) if one.info["name"] != "sh"]


def test_a_killed_rollout_can_be_run_again(erring: Copy) -> None:
    """Kill -9 with two servers up: the next run ends what was left and comes to its decision."""
    assert erring.slipway("clear", *SMALL, "--version", "2", "--reason", "mended").returncode == 0
    running = erring.start("rollout", *SMALL, "--version", "2")
    while len(let_go(erring)) < 2:
        assert running.poll() is None
        time.sleep(0.1)
    up = {one.pid for one in servers(erring)}
    for one in [psutil.Process(running.pid), *psutil.Process(running.pid).children(recursive=True)]:
        if one.pid not in up:
            one.kill()
    running.wait()
    assert len(servers(erring)) == 2

    again = erring.slipway("rollout", *SMALL, "--version", "2")

    assert again.returncode == 0, again.stdout + again.stderr
    assert (status(erring)["production"], status(erring)["stable"]) == (2, 2)
    assert servers(erring) == []


def break_column(part: Path, column: str) -> None:
    """Every value of a number turns negative; the manifest is made to fit."""
    table = pq.read_table(part)
    broken = pa.array([-1.0] * table.num_rows)
    pq.write_table(table.set_column(table.column_names.index(column), column, broken), part)
    manifest = part.with_name("manifest.json")
    content = json.loads(manifest.read_text())
    content["parts"][part.stem]["sha256"] = hashlib.sha256(part.read_bytes()).hexdigest()
    manifest.write_text(json.dumps(content))


@pytest.mark.gate("check.again")
def test_a_broken_column_stops_before_training(tmp_path: Path) -> None:
    """Prices turn negative after the data was admitted: the pipeline's own check stops the run."""
    copy = copy_project(tmp_path)
    split = "split@ad_click-small"
    copy.run("dvc", "repro", split)
    break_column(copy.root / "data" / "ad_click" / "small" / "split" / "train.parquet", "price")
    copy.run("dvc", "commit", "--force", split)
    ran = copy.slipway("train", *SMALL)

    assert ran.returncode == 3, ran.stdout + ran.stderr
    assert "price" in ran.stderr
    assert ["check", "fetch"] == tasks(copy)
    refused = decisions(copy)
    assert [("refused", None)] == [(one["decision"], one["version"]) for one in refused]
    assert "price" in refused[0]["reason"]
    docs = artifacts(copy, refused[0]) / "data_docs" / "docs.html"
    assert "price" in docs.read_text()
    assert docs.as_uri() in ran.stdout
