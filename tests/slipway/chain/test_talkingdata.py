"""The main job on a table of real ad clicks: only the design card differs."""

import shutil
from pathlib import Path

import pytest
import yaml

from tests.slipway.chain.conftest import copy_project
from tests.slipway.chain.test_demo import decisions, servers
from tests.slipway.reference import talkingdata

pytestmark = pytest.mark.deep


def test_the_main_job_runs_on_real_clicks(tmp_path: Path) -> None:
    """No candidate need win; what is decided follows from the evidence, and the record says from which."""
    found = talkingdata()
    copy = copy_project(tmp_path)
    source = copy.root / "systems" / "ad_click" / "source"
    shutil.rmtree(source)
    source.mkdir()
    shutil.copyfile(found.path, source / "clicks.csv.gz")
    copy.card.write_text(
        yaml.safe_dump(found.card.model_dump(mode="json", exclude_unset=True), sort_keys=False)
    )
    ran = copy.slipway("demo")
    assert ran.returncode == 0, ran.stdout + ran.stderr

    baseline, first, *rest = decisions(copy, "full")
    failed = [check["code"] for check in rest[-1]["checks"] if not check["passed"]]

    assert ("registered", "first") == (baseline["decision"], first["decision"])
    assert baseline["evaluation"]["holdout"]["best"] is None
    assert (rest[-1]["decision"] in ("promote", "registered")) == (failed == [])
    if canary := rest[-1]["canary"]:
        assert canary["metric"] == "log_loss"
    assert servers(copy) == []
