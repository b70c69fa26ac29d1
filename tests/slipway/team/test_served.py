"""Versions and records in MLflow's own server, with artifacts in S3: kept, read back, signed, verified."""

from pathlib import Path

import pytest

from slipway.registry.adoption import look
from slipway.registry.versions import Registry
from slipway.stages.refuse import refuse
from slipway.stages.register import register
from tests.slipway.cli.conftest import slipway
from tests.slipway.stages.conftest import RUN, Desk
from tests.slipway.stages.shared import WORKFLOW, sign, sign_records
from tests.slipway.team.conftest import Member, Served, joined
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
    desk: Desk, shell: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Records, their chain, the version and its digest; and who is not the embedded registry's says so."""
    registry = kept(desk, joined(desk.root, shell.url, "kept", Authority()))

    assert f"version 1 is staged in {shell.url}" in capsys.readouterr().out
    assert registry.resolve("staging") == 1
    chain = registry.chain()
    assert (list(chain.breaks), len(chain.entries)) == ([], 2)
    assert [one.decision for one in registry.records()] == ["registered", "refused"]
    assert str(registry.download(1, tmp_path / "version").signer) == f"keyless {WORKFLOW}"
    assert look(registry, 1).unsigned is None
    found = registry.artifact(registry.records()[0].run or "", "report.html")
    assert found.read_text().startswith("<!")
    ran = slipway(desk.root, "history", "--verify", **shell.environment)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"2 decision records verified, 2 signed by keyless {WORKFLOW}" in ran.stdout
    assert "Downloading" not in ran.stderr
