"""A card that contradicts itself is refused when it is read, in one line that says what to do."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from slipway.base.errors import UsageError
from slipway.settings import Card, load_card
from tests.slipway.root import ROOT
from tests.slipway.settings.conftest import Spoil
from tests.slipway.settings.test_card import put


def contradiction(name: str, fed: str, key: str) -> pytest.MarkDecorator:
    """The row of one contradiction."""
    return pytest.mark.gate(
        f"settings.contradiction.{name}",
        fed=fed,
        stops="settings",
        exit=2,
        reason=key,
        untouched="the card is not read, so nothing runs",
    )


def rollout(**changes: Any) -> Spoil:
    """An edit of keys of the rollout."""

    def spoil(card: Any) -> None:
        card["rollout"].update(changes)

    return spoil


def guardrails(**changes: Any) -> Spoil:
    """An edit of the guardrails."""
    return rollout(guardrails=changes)


def decision(**changes: Any) -> Spoil:
    """What the canary is asked."""
    return rollout(decision=changes)


def lax(**changes: Any) -> Spoil:
    """A gate that lets an equal version through, and what the canary is asked."""

    def spoil(card: Any) -> None:
        card["gate"] = {"champion": {"rule": "not_worse", "margin": 0.002}}
        decision(**changes)(card)

    return spoil


def unseeing(card: Any) -> None:
    """Models that see no column."""
    card["features"].update(categorical=[], numeric=[], crosses=[], time_of_day=False)


def table(rows: dict[str, Any]) -> Spoil:
    """A table with these sizes in place of the generator."""
    return put("data", "source", value={"kind": "table", "format": "csv", "rows": rows})


RULE = contradiction(
    "rule",
    "a gate that lets an equal version through, and a canary that promotes none",
    "rollout.decision.rule: found 'better', but gate.champion.rule is 'not_worse'",
)
UNIT = contradiction(
    "margin",
    "a margin of a metric that the traffic may choose, or one that no reward can exceed",
    "rollout.decision.metric: found 'auto' beside a margin",
)
MATURITY = contradiction(
    "maturity",
    "a window for outcomes that ends before they are known",
    "rollout.maturity_hours: found 0.5, but data.label_delay_hours is 1",
)
UNITS = contradiction(
    "units",
    "more units asked for in each arm than its steps give it requests",
    "rollout.guardrails.min_units: found 20,000, but the steps give the smaller arm",
)
RISE = contradiction(
    "rise",
    "a limit of 0 for a rise, which no traffic shows to be kept",
    "rollout.guardrails.max_error_rate_rise: found 0",
)
BOUNDS = contradiction(
    "bounds",
    "a column whose min is above its max, or that allows no value",
    "data.columns.price: found min 2",
)
FEATURES = contradiction(
    "features", "models that see no column, or a text as a number", "features.numeric: found 'device'"
)
TWICE = contradiction(
    "twice", "a column, cross or slice that is listed twice", "features.numeric: found 'price' twice"
)
CRITICAL = contradiction(
    "critical", "a critical slice of a column that is not sliced", "gate.critical_slices: found the column"
)
ROWS = contradiction("rows", "a small size with more rows than the full one", "data.source.rows.small: found")
LEVEL = contradiction(
    "confidence",
    "a confidence that is none, or one that so few resamples cannot have",
    "evaluation.resamples: found 100",
)
CASES = [
    pytest.param(lax(), "rollout.decision.rule: found 'better', but gate.champion.rule is", marks=RULE),
    pytest.param(lax(metric="log_loss"), "rollout.decision.rule: found 'better'", marks=RULE),
    pytest.param(
        decision(rule="not_worse", margin=0.01),
        "rollout.decision.metric: found 'auto' beside a margin of 0.01, which is in units of one metric; "
        "expected 'log_loss' or 'reward'",
        marks=UNIT,
    ),
    pytest.param(
        decision(metric="reward", rule="not_worse", margin=1.0),
        "rollout.decision.margin: found 1, but a reward lies between 0 and 1",
        marks=UNIT,
    ),
    pytest.param(
        rollout(maturity_hours=0.5),
        "rollout.maturity_hours: found 0.5, but data.label_delay_hours is 1",
        marks=MATURITY,
    ),
    pytest.param(
        guardrails(min_units=20_000),
        "rollout.guardrails.min_units: found 20,000, but the steps give the smaller arm 10,600 requests",
        marks=UNITS,
    ),
    *(
        pytest.param(
            guardrails(**{key: 0.0}), f"rollout.guardrails.{key}: found 0, but no traffic", marks=RISE
        )
        for key in ("max_error_rate_rise", "max_unknown_rise", "max_late_rise")
    ),
    pytest.param(
        put("data", "columns", "price", value={"type": "number", "min": 2, "max": 1}),
        "data.columns.price: found min 2 and max 1; expected a min that is no higher",
        marks=BOUNDS,
    ),
    pytest.param(
        put("data", "columns", "device", value={"type": "string", "values": []}),
        "data.columns.device.values: found none",
        marks=BOUNDS,
    ),
    pytest.param(
        put("features", "numeric", value=["device"]),
        "features.numeric: found 'device', a column of the type 'string'",
        marks=FEATURES,
    ),
    pytest.param(unseeing, "features: found neither categorical nor numeric columns", marks=FEATURES),
    pytest.param(
        put("features", "numeric", value=["price", "price"]),
        "features.numeric: found 'price' twice",
        marks=TWICE,
    ),
    pytest.param(
        put("features", "crosses", value=[["placement", "device"], ["device", "placement"]]),
        "features.crosses: found 'device and placement' twice",
        marks=TWICE,
    ),
    pytest.param(
        put("evaluation", "slices", value=["device", "device"]),
        "evaluation.slices: found 'device' twice",
        marks=TWICE,
    ),
    pytest.param(
        put("gate", value={"critical_slices": [{"column": "device", "value": "phone"}] * 2}),
        "gate.critical_slices: found 'device = phone' twice",
        marks=TWICE,
    ),
    pytest.param(
        put("gate", value={"critical_slices": [{"column": "price", "value": "1"}]}),
        "gate.critical_slices: found the column 'price'; expected one of evaluation.slices, which are "
        "'device', 'placement'",
        marks=CRITICAL,
    ),
    pytest.param(
        put("data", "source", "rows", value={"full": 1000, "small": 2000}),
        "data.source.rows.small: found 2,000, and full is 1,000",
        marks=ROWS,
    ),
    pytest.param(
        table({"full": 1000, "small": None}),
        "data.source.rows.small: found all rows, and full is 1,000",
        marks=ROWS,
    ),
    pytest.param(
        put("evaluation", "confidence", value=0.05), "evaluation.confidence: found 0.05", marks=LEVEL
    ),
    pytest.param(
        put("evaluation", value={"primary": "log_loss", "confidence": 0.999, "resamples": 100, "slices": []}),
        "evaluation.resamples: found 100, which leave 0.1 beyond each end of an interval of confidence 0.999;"
        " expected at least 2,000",
        marks=LEVEL,
    ),
]


def read(spoil: Spoil, root: Path) -> Card:
    """The shipped card after an edit, as a command reads it."""
    content = yaml.safe_load((ROOT / "systems/ad_click/system.yaml").read_text())
    least = content["evaluation"]["min_slice_rows"]
    spoil(content)
    content["evaluation"].setdefault("min_slice_rows", least)
    path = root / "systems/ad_click/system.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return load_card(root, "ad_click")


@pytest.mark.gate(
    "settings.contradiction",
    fed="any of the contradictions, in a card that a command reads",
    stops="settings",
    exit=2,
    reason="the file, the key, what was found and what is expected",
    untouched="the card is not read, so nothing runs",
)
@pytest.mark.parametrize(("spoil", "said"), CASES)
def test_a_contradiction_is_told_when_the_card_is_read(spoil: Spoil, said: str, tmp_path: Path) -> None:
    """File, key, what was found and what is expected, in one line."""
    with pytest.raises(UsageError) as caught:
        read(spoil, tmp_path)
    message = str(caught.value)

    assert message.startswith(f"{tmp_path / 'systems/ad_click/system.yaml'}: {said}")
    assert "expected" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    "spoil",
    [
        lax(metric="log_loss", rule="not_worse", margin=0.002),
        lax(metric="reward", rule="not_worse", margin=0.01),
        lax(metric="reward", rule="better"),
        decision(metric="reward", rule="not_worse", margin=0.01),
        rollout(maturity_hours=1.0),
        table({"full": None, "small": 1000}),
        table({"full": None, "small": None}),
        put("data", "columns", "price", value={"type": "number", "min": 1, "max": 1, "level": "option"}),
    ],
)
def test_what_only_looks_like_one_is_read(spoil: Spoil, tmp_path: Path) -> None:
    """A gate may be laxer than the canary where that asks for more of another metric, which it names."""
    assert read(spoil, tmp_path).name == "ad_click"


def test_a_version_keeps_the_card_that_it_was_made_with(tmp_path: Path) -> None:
    """Nobody can edit that one, and the version must stay served."""
    content = yaml.safe_load((ROOT / "systems/ad_click/system.yaml").read_text())
    lax()(content)

    assert Card.model_validate_json(json.dumps(content)).gate.champion.rule == "not_worse"
