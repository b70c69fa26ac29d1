"""Values that ingestion takes for missing or refuses are so in a request, by the card's own marks."""

from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest

from slipway.data.table import ARROW
from slipway.serving.served import Served
from slipway.serving.values import moment
from slipway.system.cleaning import LONGEST
from tests.slipway.data.small import card
from tests.slipway.serving.blind import blind
from tests.slipway.serving.browser import Browser

COLUMNS: dict[str, dict[str, Any]] = {
    "at": {"type": "timestamp", "role": "time"},
    "who": {"type": "string", "role": "unit"},
    "plan": {"type": "string", "values": ["a", "b"]},
    "begun": {"type": "timestamp"},
    "months": {"type": "integer"},
    "spend": {"type": "number", "null_share": 0.5},
    "left": {"type": "integer", "role": "label"},
}
SENT = {"at": "2024-01-01", "who": "u", "plan": "a", "begun": "1950-01-01", "months": 3, "spend": 2.5}
KINDS = {"integer": "INT64", "number": "FP64", "string": "BYTES", "timestamp": "BYTES"}
VALUE = pytest.mark.gate(
    "serve.value",
    fed="a text that is too long or holds a NUL, a time that is none, or a mark where none may be missing",
    stops="serve",
    exit="422, in the protocol 400",
    reason="the field, what was found and what is expected",
    untouched="nothing scored",
)


@pytest.fixture(scope="module")
def asked() -> Browser:
    """A service in whose rows little may be missing."""
    made = card(
        {"kind": "table", "format": "csv", "trim": True, "missing": ["NA", "-1"], "time_format": "%d/%m/%Y"},
        COLUMNS,
    )
    schema = pa.schema([(name, ARROW[made.data.columns[name].type]) for name in made.data.inputs])
    return blind(made, schema)


def refusals(asked: Browser, **changes: Any) -> tuple[tuple[int, str], tuple[int, str]]:
    """The status and the line of both APIs, of the second of two rows."""
    request = SENT | changes
    typed = asked.post("/predict", json={"requests": [SENT, request]})
    inputs = [
        {"name": name, "shape": [2], "datatype": KINDS[COLUMNS[name]["type"]], "data": [SENT[name], value]}
        for name, value in request.items()
    ]
    infer = asked.post("/v2/models/ad_click/infer", json={"inputs": inputs})
    return (
        (typed.status_code, typed.json().get("error", "")),
        (infer.status_code, infer.json().get("error", "")),
    )


@VALUE
@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("plan", "x" * (LONGEST + 1), "text of at most 10000 characters without NUL, found 'xxx"),
        ("who", "u\0", "text of at most 10000 characters without NUL, found 'u\\x00'"),
        ("begun", "\0", "text of at most 10000 characters without NUL, found '\\x00'"),
        ("plan", " NA ", "' NA ' stands for a missing value, expected one"),
        ("plan", "\t", "'\\t' stands for a missing value, expected one"),
        ("begun", "NA", "'NA' stands for a missing value, expected one"),
        ("months", -1, "-1 stands for a missing value, expected one"),
        ("months", -1.0, "-1.0 stands for a missing value, expected one"),
        ("begun", "soon", "a time in ISO 8601 or %d/%m/%Y is expected, found 'soon'"),
        ("begun", "0001-01-01T00:00:00+12:00", "out of range once in UTC, found '0001-01-01T00:00:00+12:00'"),
        ("at", "31/12/1969", "a time from 1970 on is expected, found '31/12/1969'"),
    ],
)
def test_what_ingestion_refuses_is_refused(
    asked: Browser, monkeypatch: pytest.MonkeyPatch, name: str, value: object, said: str
) -> None:
    """By field and row, before anything is scored."""
    monkeypatch.setattr(Served, "answer", lambda *_: pytest.fail("scored"))
    typed, infer = refusals(asked, **{name: value})

    assert (typed[0], infer[0]) == (422, 400)
    assert typed[1].startswith(f"requests.1.{name}: {said}")
    assert infer[1].startswith(f"{name}.1: {said}")


@pytest.mark.parametrize(
    "changes",
    [
        {"spend": None},
        {"spend": "NA"},
        {"spend": " "},
        {"spend": -1},
        {"spend": -1.0},
        {"at": " NA "},
        {"at": None},
        {"at": "31/12/2030"},
        {"who": f" {'x' * LONGEST} "},
        {"plan": " b "},
    ],
)
def test_what_ingestion_takes_is_taken(asked: Browser, changes: dict[str, Any]) -> None:
    """Missing where it may be missing, and cut before it is measured."""
    assert [status for status, _ in refusals(asked, **changes)] == [200, 200]


def test_a_time_is_what_it_is_in_the_table() -> None:
    """The card's format comes first, then ISO 8601; each is in UTC."""
    assert moment("20240304", "%Y%d%m", is_own=True) == datetime(2024, 4, 3)
    assert moment("2024-03-04", "%Y%d%m", is_own=True) == datetime(2024, 3, 4)
    assert moment("2024-03-04T01:00:00+02:00", None, is_own=True) == datetime(2024, 3, 3, 23)
