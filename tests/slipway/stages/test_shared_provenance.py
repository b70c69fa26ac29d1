"""What others write to is trusted by the signature of a workflow, and by code that is committed."""

import os
from pathlib import Path

import pytest

from slipway.base.errors import Refused
from slipway.registry.adoption import adopt, look
from slipway.registry.kept_records import SIGNATURE
from slipway.stages.register import register
from slipway.trust.signing import LocalKey
from slipway.version.proven import statement
from tests.slipway.cli.conftest import only_line, slipway
from tests.slipway.stages.conftest import RUN, Desk
from tests.slipway.stages.shared import WORKFLOW, share, sign, sign_records, trained
from tests.slipway.trust.authority import Authority


@pytest.fixture
def authority(desk: Desk, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """The Sigstore that project.yaml names, and the registry."""
    return share(desk, database, tmp_path, monkeypatch)


def refused(desk: Desk) -> str:
    """What `slipway package` says."""
    uri = os.environ["MLFLOW_TRACKING_URI"]
    ran = slipway(desk.root, "package", "--size", "small", "--version", "1", MLFLOW_TRACKING_URI=uri)
    assert not list((desk.root / ".slipway").rglob("bentoml"))
    return only_line(ran, 3)


def test_the_workflow_vouches_for_a_version(desk: Desk, authority: Authority, tmp_path: Path) -> None:
    """And its code is that of the project."""
    found = trained(desk, authority).download(1, tmp_path / "version")
    assert str(found.signer) == f"keyless {WORKFLOW}"
    assert str(found.origin) == "the code of this project as it is"


@pytest.mark.gate("package.provenance")
def test_nobody_else_vouches_for_one(desk: Desk, authority: Authority) -> None:
    """No signature, that of a pull request's workflow, or of a key of this machine."""
    assert register(RUN, **desk.files) == 1
    registry = desk.registry
    sign_records(registry, authority)
    assert "not signed; have the workflow that trained it sign it" in refused(desk)
    sign(registry, authority, 1, WORKFLOW.replace("heads/main", "pull/7/merge"))
    assert "SANs do not match" in refused(desk)
    own = LocalKey(desk.root / ".slipway").sign(statement(registry.name, 1, registry.get(1).digest))
    registry.client.set_model_version_tag(registry.name, "1", SIGNATURE, own)
    assert "signed by local" in refused(desk)


@pytest.mark.gate("package.adopt")
def test_a_laptop_adopts_nothing_for_others(desk: Desk, authority: Authority) -> None:
    """Its key is nobody's but its own."""
    assert register(RUN, **desk.files) == 1
    sign_records(desk.registry, authority)
    found = look(desk.registry, 1)
    with pytest.raises(Refused, match="a key of this machine vouches for nothing that others use"):
        adopt(desk.registry, found, found.digest)
    assert desk.registry.get(1).signature is None


@pytest.mark.gate("package.code")
def test_signed_code_that_is_in_no_commit_is_refused(desk: Desk, authority: Authority) -> None:
    """The signature says who trained it, and not that anybody has reviewed it."""
    trained(desk, authority)
    (desk.root / "systems/ad_click/features.py").write_text("raise SystemExit\n")
    assert "systems/ad_click/features.py not as in this project; expected code of this project" in refused(
        desk
    )


@pytest.mark.gate(
    "register.committed",
    fed="on a shared registry: a candidate whose code is in no commit",
    stops="register",
    exit=3,
    reason="the files that differ, and what to do",
    untouched="nothing registered",
    guard="register.committed",
)
def test_code_that_is_in_no_commit_is_not_registered(desk: Desk, authority: Authority) -> None:
    """Where others would have to run it."""
    (desk.root / "systems/ad_click/features.py").write_text("raise SystemExit\n")
    with pytest.raises(Refused, match=r"dirty: in no commit, and systems/ad_click/features.py"):
        register(RUN, **desk.files)
    assert desk.registry.client.search_model_versions() == []
