"""A value beside those that the card lists: what the check of the data refuses, a request is refused for."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from slipway.data.check import check_rows
from slipway.data.table import ARROW
from slipway.serving.names import MOST
from slipway.serving.served import Served
from slipway.settings import Card
from slipway.system.cleaning import Cleaning
from tests.slipway.data.small import card
from tests.slipway.serving.blind import blind
from tests.slipway.serving.browser import REQUEST, Browser, body

KEEPS = {"kind": "table", "format": "csv", "trim": True, "missing": ["NA"]}
TAKEN: list[str | None] = ["basic", " basic ", "NA", None, ""]
OTHERS = ["Basic", "gold", "basic,pro"]
"""Plans as somebody writes them, and whether they are taken."""
BARE = {"device": "fridge", "options": []}
"""Of a request that has nothing to choose from, and so no row."""


def plans(severity: str = "critical", values: list[str] | None = None) -> Card:
    """A card that lists the plans there are."""
    listed = {"values": values or ["basic", "pro"], "severity": severity, "null_share": 0.5}
    columns: dict[str, dict[str, Any]] = {
        "at": {"type": "timestamp", "role": "time"},
        "who": {"type": "string", "role": "unit"},
        "plan": {"type": "string"} | listed,
        "left": {"type": "integer", "role": "label"},
    }
    return card(KEEPS, columns)


def service(made: Card) -> Browser:
    """Without a model."""
    return blind(made, pa.schema([(name, ARROW[made.data.columns[name].type]) for name in made.data.inputs]))


def asked(browser: Browser, plan: object) -> Any:
    """The answer to two requests, of which the second has the plan."""
    return browser.post(
        "/predict", json={"requests": [{"who": "a", "plan": "pro"}, {"who": "b", "plan": plan}]}
    )


@pytest.mark.gate(
    "serve.listed",
    fed="a text beside the values that the card lists, in a column whose faults stop a run",
    stops="serve",
    exit="422, in the protocol 400",
    reason="the field, the value, and the values that are expected",
    untouched="nothing scored",
)
def test_a_value_that_the_card_does_not_list_is_refused(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By both APIs, with the place of the value."""
    monkeypatch.setattr(Served, "answer", lambda *_: pytest.fail("scored"))
    own = browser.post("/predict", json=body(device="fridge"))
    bare = browser.post("/predict", json={"requests": [*body()["requests"], REQUEST | BARE]})
    data = [{"name": "plan", "shape": [2], "datatype": "BYTES", "data": ["pro", "gold"]}]
    data += [{"name": "who", "shape": [2], "datatype": "BYTES", "data": ["a", "b"]}]
    infer = service(plans()).post("/v2/models/ad_click/infer", json={"inputs": data})

    assert (own.status_code, own.json()) == (
        422,
        {
            "error": "requests.0.device: one of 'phone', 'tablet', 'desktop' is expected, found 'fridge'",
        },
    )
    assert (bare.status_code, bare.json()) == (
        422,
        {
            "error": "requests.1.device: one of 'phone', 'tablet', 'desktop' is expected, found 'fridge'",
        },
    )
    assert (infer.status_code, infer.json()) == (
        400,
        {"error": "plan.1: one of 'basic', 'pro' is expected, found 'gold'"},
    )


def test_the_service_refuses_what_the_check_refuses(tmp_path: Path) -> None:
    """Plans as ingestion has cleaned them, and as they were written."""
    made = plans()
    browser = service(made)
    cleaned = Cleaning.of(made.data.source).texts(pa.array(TAKEN + OTHERS, pa.string()))
    rows = [
        {"at": at, "who": "a", "plan": plan, "left": at % 2} for at, plan in enumerate(cleaned.to_pylist())
    ]
    schema = pa.schema([(name, ARROW[column.type]) for name, column in made.data.columns.items()])
    pq.write_table(pa.Table.from_pylist(rows, schema), tmp_path / "rows.parquet")
    found = check_rows(made.name, made.task, [], [tmp_path / "rows.parquet"], tmp_path / "checks")

    [refused] = [one for one in found.failed_critical if one.startswith("plan: values to be in set")]
    assert refused.endswith(f"3 of 8 values, such as {', '.join(sorted(OTHERS))}")
    assert {asked(browser, plan).status_code for plan in OTHERS} == {422}
    assert {asked(browser, plan).status_code for plan in TAKEN} == {200}


def test_what_the_check_only_reports_is_answered() -> None:
    """As any other value that training has not seen."""
    assert {asked(service(plans("warning")), plan).status_code for plan in OTHERS} == {200}


def test_of_many_values_a_few_are_told() -> None:
    """And how many more there are."""
    answer = asked(service(plans(values=[f"plan {number}" for number in range(50)] + ["pro"])), "gold")

    assert answer.json()["error"].endswith(f"'plan 19' and {51 - MOST} more is expected, found 'gold'")


def test_the_document_says_which_values_are_taken(browser: Browser) -> None:
    """Of generated rows exactly these; a table's own values may have spaces about them."""
    schemas = browser.get("/openapi.json").text
    table = service(plans()).get("/openapi.json").text
    listed = '"enum":["basic"'

    assert '"enum":["phone","tablet","desktop"]' in schemas
    assert listed not in table
