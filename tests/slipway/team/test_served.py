"""Versions and records in MLflow's own server, with artifacts in S3: kept, read back, signed, verified."""

import tempfile
from pathlib import Path

import mlflow
import pytest

from slipway.base.errors import Refused
from slipway.records.evidence import Twin
from slipway.registry.adoption import look
from slipway.registry.versions import Registry
from slipway.stages.evaluate import _champion, twin
from slipway.stages.refuse import refuse
from slipway.stages.register import register
from tests.slipway.cli.conftest import only_line, slipway
from tests.slipway.stages.conftest import RUN, Desk
from tests.slipway.stages.shared import WORKFLOW, sign, sign_records
from tests.slipway.stages.test_twins import AGAIN
from tests.slipway.team.conftest import Member, Served, joined
from tests.slipway.team.services import BUCKET, USER, new_database, tracking
from tests.slipway.trust.authority import Authority


def kept(desk: Desk, member: Member) -> Registry:
    """A version that was registered, and another candidate that was refused after it; all signed."""
    assert register(RUN, **desk.files) == 1
    refuse(RUN, **desk.files)
    registry = member.registry
    sign_records(registry, member.authority)
    sign(registry, member.authority, 1)
    return registry


@pytest.mark.long
def test_what_was_kept_is_read_back(
    desk: Desk,
    shell: Served,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Records, their chain, the version and its digest; and who is not the embedded registry's says so."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    registry = kept(desk, joined(desk.root, "", "kept", Authority()))

    said = capsys.readouterr().out
    assert f"version 1 is staged in {shell.url}; no target of project.yaml moves its other aliases" in said
    assert registry.resolve("staging") == 1
    chain = registry.chain()
    assert (list(chain.breaks), len(chain.entries)) == ([], 2)
    assert [one.decision for one in registry.records()] == ["registered", "refused"]
    assert str(registry.download(1, tmp_path / "version").signer) == f"keyless {WORKFLOW}"
    assert look(registry, 1).unsigned is None
    assert twin(registry.line, AGAIN, registry.get(1).digest, None) == Twin(version=1, barred=None)
    assert _champion(registry.line, 1, tmp_path / "champion").problem is None
    assert not list((tmp_path / "temporary").iterdir())  # thousands of records leave nothing behind
    found = registry.artifact(registry.records()[0].run or "", "report.html")
    assert found.read_text().startswith("<!")
    ran = slipway(desk.root, "history", "--verify", **shell.environment)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"2 decision records verified, 2 signed by keyless {WORKFLOW}" in ran.stdout
    assert "Downloading" not in ran.stderr
    with pytest.raises(Refused, match=r"no target of project\.yaml moves its aliases"):
        registry.point("production", 1)
    assert registry.resolve("production") is None


@pytest.mark.deep
def test_a_server_with_passwords_and_artifacts_of_its_own(
    desk: Desk, rows: str, store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Artifacts go to S3 and not through the server; who has no password is told so in a line."""
    place = (
        "--app-name",
        "basic-auth",
        "--no-serve-artifacts",
        "--default-artifact-root",
        f"s3://{BUCKET}/own",
    )
    known = {
        "MLFLOW_AUTH_ADMIN_PASSWORD": USER["MLFLOW_TRACKING_PASSWORD"],
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "k",
    }
    default = (Path(mlflow.__file__).parent / "server" / "auth" / "basic_auth.ini").read_text()
    # Or it would hash a password for each of hundreds of requests.
    (tmp_path / "auth.ini").write_text(f"{default}\nauth_cache_ttl_seconds = 600\n")
    known["MLFLOW_AUTH_CONFIG_PATH"] = str(tmp_path / "auth.ini")
    with tracking(tmp_path, new_database(rows, "guarded"), store, *place, **known) as url:
        team = Served(url, rows, store, "", USER)
        for name, value in team.environment.items():
            monkeypatch.setenv(name, value)
        member = joined(desk.root, "", "guarded", Authority(), f"artifacts: s3://{BUCKET}/own\n")
        registry = kept(desk, member)
        assert registry.client.get_run(registry.records()[0].run).info.artifact_uri.startswith(
            "s3://team/own/"
        )
        assert str(registry.download(1, tmp_path / "version").signer) == f"keyless {WORKFLOW}"
        assert list(registry.chain().breaks) == []
        nobody = {name: value for name, value in team.environment.items() if name not in USER}
        for name in USER:
            monkeypatch.delenv(name)
        ran = slipway(desk.root, "history", "--verify", **nobody)
    assert "401" in only_line(ran, 1)
