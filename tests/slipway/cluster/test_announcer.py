"""Events of a rollout, and that nothing comes of it where they are refused."""

from pathlib import Path

import pytest

from slipway.rollout.targets.cluster.announcer import Announcer
from slipway.rollout.targets.cluster.api import Api
from slipway.rollout.targets.cluster.manifests import Objects, Served
from tests.slipway.cluster.server import serving
from tests.slipway.cluster.test_manifests import SETTINGS

OBJECTS = Objects("demo", SETTINGS)
VERSION = Served(1, "1" * 64, f"registry.example.com/demo@sha256:{'0' * 64}")


def test_an_event_on_the_stable_deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """None without one, none that says a password, and no error where it may not."""
    with serving(tmp_path) as (server, path):
        monkeypatch.setenv("KUBECONFIG", str(path))
        api = Api("models", tries=1)
        announce = Announcer(api, OBJECTS)
        announce("CanaryBegun", "nothing is live")
        assert server.named("events") == []
        api.apply(OBJECTS.deployment("stable", VERSION))
        announce("CanaryAborted", f"asked at http://ann:secret@host {'x' * 2000}")  # pragma: allowlist secret
        (said,) = [one for at, one in server.objects.items() if "/events/" in at]
        assert (said["type"], said["reason"], said["involvedObject"]["name"]) == (
            "Warning",
            "CanaryAborted",
            "demo-stable",
        )
        assert "secret" not in said["message"]
        assert len(said["message"]) == 1000
        server.faults = [(403, {})]
        announce("Promoted", "may not")
        server.faults = [(500, {})]
        announce("Promoted", "away")
        assert len(server.named("events")) == 1
