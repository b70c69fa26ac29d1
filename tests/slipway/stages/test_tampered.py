"""A candidate that was changed after it was measured is not registered."""

import json
from pathlib import Path

import pytest

from slipway.base.errors import Refused, SlipwayError
from slipway.stages.register import register
from slipway.version.manifest import MANIFEST
from tests.slipway.stages.conftest import RUN, Desk


def registers(desk: Desk, tmp_path: Path) -> int:
    """Register what lies on the desk."""
    return register(
        RUN,
        data=desk.data,
        models=desk.models,
        evidence=desk.evidence,
        summary=desk.summary,
        docs=desk.docs,
        report=tmp_path / "report.html",
    )


@pytest.mark.gate(
    "register.tampered",
    fed="a candidate whose model, feature state or feature code was changed after it was measured",
    stops="register",
    exit=1,
    reason="the file, its sha256, and what the manifest says",
    untouched="nothing registered, no alias moved",
    guard="version.changed_file",
)
@pytest.mark.parametrize("name", ["model/weights.npy", "features.npz", "code/systems/ad_click/features.py"])
def test_a_changed_file_is_not_registered(desk: Desk, tmp_path: Path, name: str) -> None:
    """The line names it."""
    with (desk.models / "candidate" / name).open("ab") as file:
        file.write(b"\n")

    with pytest.raises(SlipwayError, match=f"{name}: sha256 .*, the manifest says"):
        registers(desk, tmp_path)

    assert desk.registry.resolve("staging") is None
    assert desk.registry.client.search_model_versions() == []


@pytest.mark.gate("evidence.candidate")
def test_a_changed_manifest_is_not_registered(desk: Desk, tmp_path: Path) -> None:
    """It is another model than the one that the evidence is about."""
    path = desk.models / "candidate" / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {"seed": 1}))

    with pytest.raises(Refused, match=r"evidence\.candidate"):
        registers(desk, tmp_path)

    assert desk.registry.resolve("staging") is None
    assert desk.registry.client.search_model_versions() == []
