"""What a release asks for on a machine that is thrown away: a Bento, an image and a verdict."""

import os
import subprocess
from pathlib import Path

import pytest

from slipway.registry.versions import Registry
from slipway.settings.root import Project
from tests.slipway.cli.conftest import only_line, slipway
from tests.slipway.release.test_image import DIGEST, docker
from tests.slipway.stages.conftest import RUN, Desk
from tests.slipway.stages.shared import share, statements, trained
from tests.slipway.stages.test_shared_registry import SHARED_REGISTRY

__all__ = ["docker"]


@pytest.fixture
def shared(desk: Desk, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """A registry outside of the project, in which the team staged version 1."""
    registry = trained(desk, share(desk, database, tmp_path, monkeypatch))
    registry.client.set_registered_model_alias(registry.name, "staging", "1")
    return registry


def run(desk: Desk, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command at the shared registry."""
    return slipway(desk.root, *words, MLFLOW_TRACKING_URI=os.environ["MLFLOW_TRACKING_URI"])


def aliases(registry: Registry) -> dict[str, str]:
    """All of them."""
    found: dict[str, str] = registry.client.get_registered_model(registry.name).aliases
    return found


@pytest.mark.long
def test_the_staged_version_is_packaged(desk: Desk, shared: Registry) -> None:
    """From any registry, as lines that a job's outputs take; a second machine gets the same Bento."""
    before = aliases(shared)
    ran = run(desk, "package", "--size", "small")

    assert ran.returncode == 0, ran.stderr
    digest = shared.get(1).digest
    assert ran.stdout == f"version=1\ndigest={digest}\nbento=slipway-demo-ad-click-small:1\n"
    bento = Project(desk.root).kept / "bentoml/bentos/slipway-demo-ad-click-small/1/bento.yaml"
    assert bento.is_file()
    assert not (desk.root / ".slipway/bentoml").exists()  # which is for versions of the embedded registry
    assert aliases(shared) == before


@pytest.mark.long
def test_a_version_is_published_by_digest(desk: Desk, shared: Registry, docker: Path) -> None:
    """Packaged first, where it is not; no alias moves."""
    before = aliases(shared)
    ran = run(desk, "publish", "--size", "small", "--version", "1")

    assert ran.returncode == 0, ran.stderr
    version, _, bento, image = ran.stdout.splitlines()
    assert (version, bento) == ("version=1", "bento=slipway-demo-ad-click-small:1")
    assert image == f"image={Project(desk.root).settings.image_repository}@{DIGEST}"
    assert (docker / "calls").is_file()
    assert aliases(shared) == before


@pytest.mark.gate("package.barred")
def test_a_barred_version_is_not_published(desk: Desk, shared: Registry, docker: Path) -> None:
    """Neither as a Bento nor as an image."""
    shared.client.set_model_version_tag(shared.name, "1", "slipway.barred", "sold ads to cats")

    assert "sold ads to cats" in only_line(run(desk, "publish", "--size", "small"), 3)
    assert not list((desk.root / ".slipway").rglob("bentoml"))
    assert not (docker / "calls").exists()


@pytest.mark.gate(
    "package.staged",
    fed="a release where nothing is in staging and no version was named",
    stops="package",
    exit=3,
    reason="nothing is in staging; train one, or name one",
    untouched="no Bento built",
    guard="registry.staged",
)
def test_a_release_needs_a_version(desk: Desk, shared: Registry) -> None:
    """It does not take the newest instead."""
    shared.client.delete_registered_model_alias(shared.name, "staging")

    assert "name one: --version NUMBER" in only_line(run(desk, "package", "--size", "small"), 3)
    assert not list((desk.root / ".slipway").rglob("bentoml"))


@SHARED_REGISTRY
@pytest.mark.parametrize("version", [(), ("--version", "1")])
def test_a_rollout_of_this_machine_does_not_begin(
    desk: Desk, shared: Registry, version: tuple[str, ...]
) -> None:
    """Its traffic would say nothing about the team's; no alias moves, and there is no record to sign."""
    before, signed = aliases(shared), statements(shared)

    assert "embedded registry only" in only_line(run(desk, "rollout", "--size", "small", *version), 3)
    assert (aliases(shared), statements(shared)) == (before, signed)
    assert not (desk.root / ".slipway" / "runs").exists()


@pytest.mark.long
def test_the_verdict_is_printed_or_written_as_markdown(desk: Desk, shared: Registry) -> None:
    """The newest decision, for a job's summary and for a comment."""
    out = desk.root / "verdict.md"
    printed = run(desk, "report", "--size", "small", "--format", "markdown")
    written = run(desk, "report", "--size", "small", "--format", "markdown", "--to", str(out))
    page = run(desk, "report", "--size", "small", "--to", str(desk.root / "report.html"))

    assert [one.returncode for one in (printed, written, page)] == [0, 0, 0], printed.stderr
    assert printed.stdout == out.read_text()
    assert "### ✓ registered" in printed.stdout
    assert (written.stdout, page.stdout) == (f"{out}\n", f"{desk.root / 'report.html'}\n")
    assert (desk.root / "report.html").read_text().startswith("<!")


@pytest.mark.long
def test_the_verdict_of_a_job_is_that_of_its_own_run(desk: Desk, shared: Registry) -> None:
    """In a shared registry the newest decision may be another's, or last week's, where the run failed."""
    ask = ("report", "--size", "small", "--format", "markdown", "--last-run", "--system", "")
    logs = desk.root / ".slipway" / "runs"
    logs.mkdir(parents=True, exist_ok=True)
    assert only_line(run(desk, *ask), 3) == "Refused: no run has begun on this machine\n"

    (logs / f"{RUN.id}.log").touch()
    assert "### ✓ registered" in run(desk, *ask).stdout

    (logs / "20260102-030406-000000.log").touch()
    failed = run(desk, *ask)
    assert "run 20260102-030406-000000 took no decision" in only_line(failed, 3)
    assert failed.stdout == ""


def test_a_machine_that_is_thrown_away_needs_a_shared_registry(
    desk: Desk, shared: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Said before the work begins, not after it is lost; data that is made anew is only a warning."""
    (desk.root / ".git").mkdir()
    named = run(desk, "doctor", "--shared")
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    embedded = slipway(desk.root, "doctor", "--shared")

    assert named.returncode == 0, named.stderr
    assert "shared data" in named.stdout
    assert "shared registry" in only_line(embedded, 1)
    assert slipway(desk.root, "doctor").returncode == 0
