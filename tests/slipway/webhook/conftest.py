"""A receiver, a project that tells it, and decisions to tell of."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from slipway.base.provenance import now
from slipway.webhook import delivery
from slipway.webhook.outbox import Outbox, Waiting
from tests.slipway.webhook.receiver import SECRET, Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """One that takes what it gets."""
    with receiving() as made:
        yield made


@pytest.fixture
def outbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Outbox:
    """An empty one, the secret in the environment, and time enough on a machine that is busy."""
    monkeypatch.setattr(delivery, "TRY_S", 60.0)
    monkeypatch.setattr(delivery, "COMMAND_S", 60.0)
    monkeypatch.setenv("SLIPWAY_WEBHOOK_SECRET", SECRET)
    return Outbox(tmp_path / "outbox")


def waiting(name: str = "20260101T000000000-r", **more: object) -> Waiting:
    """A message that is due."""
    at = now() - timedelta(seconds=1)
    known = {"body": f'{{"of":"{name}"}}', "begun": at, "due": at, "decided": True} | more
    return Waiting(name=name, system="ad_click", size="small", run="r", **known)
