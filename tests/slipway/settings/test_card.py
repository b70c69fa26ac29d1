"""The design card: every fault is one line naming file, key path and what is allowed."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from slipway.settings import Card, load_card
from tests.slipway.root import ROOT
from tests.slipway.settings.conftest import Spoil

Fault = Callable[[Spoil], str]


def put(*place: str | int, value: Any) -> Spoil:
    """An edit that sets one value."""

    def spoil(content: Any) -> None:
        for part in place[:-1]:
            content = content[part]
        content[place[-1]] = value

    return spoil


def test_an_unknown_key_is_told_with_the_known_ones(card_fault: Fault) -> None:
    """A typing error must not become a silent default."""
    said = card_fault(put("rolout", value={}))
    assert said.startswith("rolout: unknown key; allowed are schema_version, name, problem, data,")


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("a\nb\x1b[31m", '"a\\nb\\u001b[31m"'),
        ("k" * 9999, f'"{"k" * 59}…'),
        ("\u202e", '"\\u202e"'),
    ],
)
def test_a_key_is_told_on_one_line_whatever_it_is(card_fault: Fault, key: Any, shown: str) -> None:
    """Nor does it colour the terminal or fill the screen."""
    assert card_fault(put("problem", key, value=1)).startswith(f"problem.{shown}: unknown key; allowed are")


@pytest.mark.parametrize("key", [1, None, True, 2.5])
def test_a_key_that_is_no_text_is_told(card_fault: Fault, key: Any) -> None:
    """YAML takes `on` for true and `1` for a number."""
    assert "Keys should be strings, found " in card_fault(put("problem", key, value=1))


def test_an_unknown_key_deep_inside_has_its_path(card_fault: Fault) -> None:
    """The path is that of the file, whatever alternatives the model has there."""
    said = card_fault(put("data", "source", "seeed", value=1))
    assert said == "data.source.seeed: unknown key; allowed are kind, seed, rows"


def test_a_path_of_the_source_is_told_where_that_lies_now(card_fault: Fault) -> None:
    """A card from before; inside a version, where nobody edits it, it is read without."""
    said = card_fault(put("data", "source", "path", value="systems/ad_click/source.py"))
    assert said.startswith(
        "data.source: a source lies in systems/NAME/source and has no path, found 'systems/"
    )
    assert said.endswith("`slipway migrate layout` brings it there")

    content = load_card(ROOT, "ad_click").model_dump(mode="json")
    content["data"]["source"]["path"] = "systems/ad_click/source.py"
    assert Card.model_validate_json(json.dumps(content)) == load_card(ROOT, "ad_click")


def test_a_misspelt_parameter_is_told_with_the_known_ones(card_fault: Fault) -> None:
    """Each kind of model has parameters of its own; another kind's are unknown to it."""
    assert card_fault(put("models", "baseline", "params", "C", value=1.0)) == (
        "models.baseline.params.C: unknown key; allowed are c, max_iter"
    )
    said = card_fault(put("models", "candidates", 0, "params", "num_leafs", value=5))
    assert said.startswith(
        "models.candidates.0.params.num_leafs: unknown key; allowed are rounds, learning_rate"
    )


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (("data", "source", "seed"), "x", 'data.source.seed: should be a valid integer, found "x"'),
        (
            ("problem", "daily_active_users"),
            2.5,
            "problem.daily_active_users: should be a valid integer, found 2.5",
        ),
        (("problem", "task"), "rank", "problem.task: found 'rank'; there are binary, click"),
        (
            ("models", "candidates", 0, "kind"),
            "tree",
            "models.candidates.0.kind: should be 'boosting' or 'logistic' or 'ridge', found \"tree\"",
        ),
        (
            ("data", "source", "kind"),
            "sql",
            "data.source.kind: should be 'generator' or 'table', found \"sql\"",
        ),
        (
            ("data", "source"),
            {"kind": "table", "format": "csv", "time_format": "iso"},
            "data.source.time_format: found 'iso', expected a strptime format, such as %d/%m/%Y, or one of",
        ),
        (("schema_version",), 2, "schema_version: should be 1, found 2"),
        (("data", "split", "validation"), 1.5, "data.split.validation: should be less than 1, found 1.5"),
        (("features", "hash_bits"), 30, "features.hash_bits: should be less than or equal to 24, found 30"),
        (("gate",), {"calibration": [0.9]}, "gate.calibration.1: required, but absent"),
        (
            ("data", "source", "rows", "huge"),
            5,
            "data.source.rows.huge: the key should be 'full' or 'small', found \"huge\"",
        ),
        (("serving",), None, "serving: should have the keys max_rows, found null"),
        (
            ("models", "baseline", "params"),
            {"c": [1]},
            "models.baseline.params.c: should be a valid number, found [1]",
        ),
        (
            ("models", "baseline", "params"),
            {"c": 0},
            "models.baseline.params.c: should be greater than 0, found 0",
        ),
        (
            ("models", "candidates", 0, "params", "rounds"),
            "many",
            'models.candidates.0.params.rounds: should be a valid integer, found "many"',
        ),
        (
            ("models", "candidates", 0, "params", "feature_fraction"),
            1.5,
            "models.candidates.0.params.feature_fraction: should be less than or equal to 1, found 1.5",
        ),
    ],
)
def test_a_wrong_value_is_told_with_what_is_allowed(
    card_fault: Fault, place: tuple[str | int, ...], value: object, said: str
) -> None:
    """Key path, what is allowed there, what was found."""
    assert card_fault(put(*place, value=value)).startswith(said)


def test_a_missing_key_is_told(card_fault: Fault) -> None:
    """By its whole path."""
    assert card_fault(lambda card: card["problem"].pop("task")) == "problem.task: required, but absent"


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (
            ("data", "split"),
            {"validation": 0.5, "holdout": 0.3, "replay": 0.2},
            "data.split: validation, holdout",
        ),
        (("models", "candidates", 0, "name"), "logistic", "models: two models share a name"),
        (
            ("features", "numeric"),
            ["nowhere"],
            "(top level): features.numeric names 'nowhere'; data.columns has",
        ),
        (
            ("features", "crosses"),
            [["price"]],
            "(top level): features.crosses names 'price', which is not in",
        ),
        (
            ("data", "columns", "price", "role"),
            "logged",
            "(top level): features.numeric names 'price'; data.columns has",
        ),
        (("data", "columns", "clicked", "role"), None, "data: no column has the role 'label'"),
        (
            ("data", "columns", "price", "role"),
            "unit",
            "data: the columns ['user_id', 'price'] all have the role",
        ),
        (
            ("data", "columns", "time", "type"),
            "string",
            "data: the time column 'time' must have the type timestamp",
        ),
        (
            ("data", "columns", "seen_at"),
            {"type": "timestamp", "role": "known_at"},
            "data: label_delay_hours is 1, and 'seen_at' has the role known_at; one of them says when",
        ),
        (
            ("data", "columns", "time", "source"),
            "#shuffled",
            "data: label_delay_hours is 1, but the rows have no time of their own; only 0 means something",
        ),
        (
            ("data", "columns", "options"),
            {"type": "number"},
            "data: the column 'options' must have another name (source keeps the table's)",
        ),
        (
            ("data", "columns", "clicked", "source"),
            "#row",
            "data.columns.clicked: the source '#row' is for integers and timestamps that are no label",
        ),
        (
            ("data", "columns", "device", "source"),
            "#shuffled",
            "data.columns.device: the source '#shuffled' is for integers and timestamps",
        ),
        (
            ("data", "columns", "price", "positive"),
            "9",
            "data.columns.price: positive is for the label, whose type is then integer",
        ),
        (
            ("data", "columns", "price", "separator"),
            "|",
            "data.columns.price: separator is for strings without a role, and not beside values",
        ),
        (
            ("data", "columns", "device"),
            {"type": "string", "separator": "|"},
            "(top level): features.crosses names 'device', which has any number of values",
        ),
        (
            ("data", "columns", "ad_views", "source"),
            "#row",
            "(top level): features.numeric names 'ad_views'; data.columns has",
        ),
        (("gate",), {"champion": {"rule": "not_worse"}}, "gate.champion: not_worse needs a margin above 0"),
        (
            ("rollout", "steps"),
            [{"weight": 50, "requests": 9}, {"weight": 10, "requests": 9}],
            "rollout: the weights of the steps must rise, found [50, 10]",
        ),
        (
            ("rollout", "steps"),
            [{"weight": 100, "requests": 9}],
            "rollout: a step of weight 100 leaves no stable",
        ),
    ],
)
def test_what_cannot_be_is_refused(
    card_fault: Fault, place: tuple[str | int, ...], value: object, said: str
) -> None:
    """Values that are sound one by one and impossible together."""
    assert card_fault(put(*place, value=value)).startswith(said)


def test_faults_are_told_together_up_to_five(card_fault: Fault) -> None:
    """All faults of a file at once, but not a screenful."""
    said = card_fault(lambda card: [card.pop(key) for key in list(card) if key != "name"])
    assert said.count("required, but absent") == 5
    assert said.endswith("; and 3 more")


def test_what_a_card_may_leave_out_has_the_value_that_it_had_before() -> None:
    """Versions carry cards that know nothing of newer keys."""
    card = load_card(ROOT, "ad_click")
    assert card.features.time_of_day
    assert [column.positive for column in card.data.columns.values()] == [None] * len(card.data.columns)
