"""Lines as the overview sees them, made of sample records."""

from datetime import UTC, datetime
from typing import Any

from slipway.records.kept import Break
from slipway.registry.model_version import ModelVersion
from slipway.report.overview import Alive, Decided, Seen, pages
from slipway.rollout.status import Running, Status
from tests.slipway.report import sample

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def status(**changes: Any) -> Status:
    """Version 2 in production beside a canary of 3."""
    known: dict[str, Any] = {
        "system": "ad_click",
        "size": "small",
        "registry": "the embedded registry",
        "target": "local",
        "production": 2,
        "canary": 3,
        "staging": 3,
        "previous": 1,
        "stable": 2,
        "canary_traffic": 3,
        "weight": 10,
        "answers": {"http://127.0.0.1:3000": 2},
        "running": [Running(stage="canary", version=3, weight=10, step=1, steps=3, since=AT)],
        "records": "7 decision records verified",
        "breaks": [],
        "webhook": None,
        "by_hand": [],
        "hints": [],
        "problems": [],
    }
    return Status(**known | changes)


def seen(text: str = "", report: str | None = None, **changes: Any) -> Seen:
    """A line, in which `text` stands wherever data or a registry may put one."""
    found = status(**changes)
    record = sample.record(
        id=f"20260301T120000000-r{text}",
        reason=f"better{text}",
        by=f"somebody{text}",
        run=f"run{text}",
        data_fingerprint=f"{text}fingerprint",
        revision=f"{text}revision",
        version=2,
    )
    version = ModelVersion(2, f"{text}digest", f"{text}run", f"barred{text}", (f"production{text}",))
    trial = ModelVersion(3, f"{text}digest3", f"{text}run3", None, ("canary",))
    return Seen(
        name="ad_click-small",
        of="--system ad_click --size small",
        status=found,
        alive=[
            Alive(version, (f"production{text}",), 90, record, record),
            Alive(trial, ("canary", "staging"), 10, record, None),
            Alive(ModelVersion(1, "d", "run1", None, ()), ("previous",), 0, None, None),
        ],
        decided=[Decided(record, report)],
        kept=7,
        unread=[f"a newer slipway{text}"] if text else [],
        accepted=[Break("missing", f"an id{text}", f"gone{text}")] if text else [],
    )


def page(*lines: Seen) -> str:
    """The page of some lines."""
    return pages("demo", lines, AT)["index.html"]
