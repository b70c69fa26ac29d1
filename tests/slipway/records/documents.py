"""The JSON documents that outlive the slipway that wrote them, a sample of each, and their shapes.

`python -m tests.slipway.records.documents` writes sample and shape of the newest `schema_version` of each.
What a release has written is never written anew: raise `schema_version` instead, and let the type list the
old one.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from slipway.base.strict import Strict
from slipway.data.manifest import SplitManifest
from slipway.records.canary import CanaryEvidence
from slipway.records.checks import CanaryOutcome
from slipway.records.decision import DecisionRecord
from slipway.records.evidence import Evidence
from slipway.records.recalibration import Recalibration
from slipway.records.seal import Link, Seal, unsigned
from slipway.records.shadow import ShadowEvidence
from slipway.registry.archive import Held, Index
from slipway.rollout.promotion import Intent
from slipway.rollout.target import Deployed, TrafficState
from slipway.version.manifest import CodeRef, DataRef, Manifest
from tests.slipway.report import sample, shadows

HERE = Path(__file__).parent


def canary(outcome: CanaryOutcome = "inconclusive") -> CanaryEvidence:
    """The last look of a canary, which leaves something open unless it is promoted."""
    whole = sample.canary(outcome)
    return whole.model_copy(update={"looks": whole.looks[-1:]})


def record() -> DecisionRecord:
    """A promotion."""
    return sample.record(canary=canary("promote"))


def manifest() -> Manifest:
    """A version of two files."""
    end = datetime(2026, 10, 23, 23, 59, 58, tzinfo=UTC)
    return Manifest(
        system="ad_click",
        model="boosting",
        kind="boosting",
        params={"rounds": 600, "learning_rate": 0.08},
        seed=0,
        data=DataRef(
            fingerprint="a3f1.dir",
            size="full",
            train_rows=550_000,
            labels={"base_rate": 0.0841},
            train_end=end,
            train_known_until=end,
        ),
        code=CodeRef(git_commit=None, git_clean=False, digest=sample.digest("code")),
        environment=sample.environment(),
        files={"card.json": sample.digest("card"), "code/systems/__init__.py": sample.digest("")},
    )


def traffic() -> TrafficState:
    """A canary at ten percent."""
    stable, tried = (Deployed(number=number, digest=sample.digest(str(number))) for number in (7, 8))
    return TrafficState(stable=stable, canary=tried, weight=10, experiment="ad_click-7-8")


def seal() -> Seal:
    """Of the promotion, after two records that knew nothing of each other."""
    content = record().model_dump_json(indent=2).encode()
    before = [Link(id=f"2026112{day}T080000000-r", sha256=sample.digest(str(day))) for day in (0, 1)]
    made = unsigned(record(), content, "slipway-demo.ad_click", before, ["missing 20261101T080000000-r"])
    return made.model_copy(update={"signature": f"local:{'a' * 16}:c2lnbmVk"})


def archive() -> Index:
    """Of a registry in which a record was edited."""
    fault = (
        "changed: 20261123T080000000-r: in run 4: sha256 0123456789ab…, but local 0123 signed 456789abcdef…"
    )
    return Index(
        project="slipway-demo",
        made_at=datetime(2026, 11, 24, 8, tzinfo=UTC),
        made_by="ann@desk",
        key="a" * 16,
        broken={"slipway-demo.ad_click": [fault]},
        files={"registry/mlflow.db": Held(sha256=sample.digest("database"), size=970_752)},
    )


DOCUMENTS: dict[str, tuple[type[Strict], Callable[[], Strict]]] = {
    "decision_record": (DecisionRecord, record),
    "seal": (Seal, seal),
    "evidence": (Evidence, sample.evidence),
    "canary_evidence": (CanaryEvidence, canary),
    "shadow_evidence": (ShadowEvidence, shadows.shadow),
    "manifest": (Manifest, manifest),
    "recalibration": (Recalibration, sample.bent),
    "split_manifest": (SplitManifest, sample.split),
    "intent": (Intent, lambda: Intent(record=record())),
    "traffic_state": (TrafficState, traffic),
    "archive": (Index, archive),
}


def newest(model: type[Strict]) -> int:
    """The `schema_version` that a model writes."""
    return int(model.model_fields["schema_version"].default)


def kept(name: str, version: int, suffix: str) -> Path:
    """The file of a sample (`.json`) or of a shape (`.shape.json`)."""
    return HERE / name / f"v{version}{suffix}"


def shape(model: type[Strict]) -> dict[str, Any]:
    """The JSON schema less words for people and less documents inside, which have versions of their own."""
    schema = _plain(model.model_json_schema())
    parts = schema.pop("$defs", {})
    for name, part in parts.items():
        if "schema_version" in part.get("properties", {}):
            parts[name] = {"document": name}
    used: dict[str, Any] = {}
    waiting = [schema]
    while waiting:
        text = json.dumps(waiting.pop())
        for name, part in parts.items():
            if f'"#/$defs/{name}"' in text and name not in used:
                used[name] = part
                waiting.append(part)
    return schema | {"$defs": used}


def _plain(schema: Any) -> Any:
    """Titles and descriptions may change freely; a property may bear such a name."""
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    told = {
        key: value
        for key, value in schema.items()
        if not (key in {"title", "description"} and isinstance(value, str))
    }
    return {key: _plain(value) for key, value in told.items()}


def write() -> None:
    """Write sample and shape of the newest version of every document."""
    for name, (model, made) in DOCUMENTS.items():
        path = kept(name, newest(model), ".json")
        path.parent.mkdir(exist_ok=True)
        path.write_text(made().model_dump_json() + "\n", encoding="utf-8")
        text = json.dumps(shape(model), indent=1, sort_keys=True)
        kept(name, newest(model), ".shape.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
