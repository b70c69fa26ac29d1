"""Times that a table writes as numbers are read in a request as ingestion reads them."""

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from slipway.base.errors import SlipwayError
from slipway.data.table import ARROW, write_table
from slipway.serving.counted import as_text, bounds, counted
from slipway.serving.served import Served
from slipway.settings import Card
from slipway.settings.data import NUMBERED, TableSource
from tests.slipway.data.small import card
from tests.slipway.serving.blind import blind
from tests.slipway.serving.browser import Browser
from tests.slipway.serving.test_values import VALUE

READ = """
import resource
from slipway.data.numerals import NUMERAL as in_a_file
from slipway.serving.counted import NUMERAL as in_a_request

resource.setrlimit(resource.RLIMIT_CPU, (30, 35))
for pattern in (in_a_file, in_a_request):
    for text in ("9" * 300_000 + "x", "9" * 300_000 + "e", " " * 300_000 + "x", "9." + "0" * 300_000 + "x"):
        assert not pattern.fullmatch(text)
"""
"""Read once for each digit a text takes minutes."""
COLUMNS: dict[str, dict[str, Any]] = {
    "at": {"type": "timestamp", "role": "time"},
    "who": {"type": "string", "role": "unit"},
    "begun": {"type": "timestamp", "null_share": 0.5},
    "left": {"type": "integer", "role": "label"},
}
NOON = {
    "epoch": 1704110400,
    "epoch_ms": 1704110400_000,
    "epoch_us": 1704110400_000_000,
    "epoch_ns": 1704110400_000_000_000,
    "excel": 45292.5,
}
"""Noon on 2024-01-01."""
NUMBERS = st.one_of(
    st.integers(0, 2 * 10**18),
    st.floats(0, 3e18, allow_nan=False),
    st.floats(25_000, 60_000).map(lambda days: round(days, 9)),
    st.floats(0, 2e9).map(lambda seconds: round(seconds, 7)),
)
TEXTS = st.sampled_from(
    ["", " ", "-1", "-1.0", "soon", "1e9", " 45292.5 ", "+1704110400", "1_7", "0x1F", "٣", "1e999999"]
)


def described(time_format: str) -> Card:
    """A card whose times are numbers."""
    source = {"kind": "table", "format": "csv", "missing": ["-1"], "time_format": time_format}
    return card(source, COLUMNS)


def service(time_format: str) -> Browser:
    """A service of such a table."""
    made = described(time_format)
    return blind(made, pa.schema([(name, ARROW[COLUMNS[name]["type"]]) for name in made.data.inputs]))


def ingested(time_format: str, cell: str, folder: Path) -> Any:
    """What a cell of `begun` becomes, "refused" where it is."""
    made = described(time_format)
    assert isinstance(made.data.source, TableSource)
    (folder / "t.csv").write_text(
        f'at,who,begun,left\n{NOON[time_format]},u,"{cell}",1\n{NOON[time_format]},u,,0\n', encoding="utf-8"
    )
    try:
        write_table(made, made.data.source, folder / "t.csv", None, folder / "rows.parquet")
    except SlipwayError:
        return "refused"
    return pq.read_table(folder / "rows.parquet")["begun"][0].as_py()


def served(browser: Browser, monkeypatch: pytest.MonkeyPatch, value: Any) -> Any:
    """The same of a value in a request."""
    tables = []
    with monkeypatch.context() as patched:
        whole = Served.table
        patched.setattr(Served, "table", lambda *given: tables.append(whole(*given)) or tables[0])
        content = json.dumps({"requests": [{"who": "u", "begun": value}]})
        answer = browser.post("/predict", content=content)
    assert (answer.status_code == 200) == bool(tables), answer.text
    return tables[0]["begun"][0].as_py() if tables else "refused"


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(time_format=st.sampled_from(NUMBERED), value=NUMBERS | TEXTS)
@example(time_format="epoch", value=1704067201.123457)
@example(time_format="epoch_ns", value=1704067201500000001)
@example(time_format="epoch_ns", value=1.5)
@example(time_format="excel", value=45292.123456789)
def test_a_number_is_the_same_time_in_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, time_format: str, value: Any
) -> None:
    """To the microsecond, missing in both, or refused in both."""
    cell = value if isinstance(value, str) else as_text(value)
    found = ingested(time_format, str(cell), tmp_path)
    browser = service(time_format)

    assert served(browser, monkeypatch, cell) == found
    assert served(browser, monkeypatch, value) == found


@pytest.mark.parametrize("time_format", NUMBERED)
def test_a_request_may_write_its_time_as_the_table_does(time_format: str) -> None:
    """As a number, in a text, or by ISO 8601; in the protocol as a tensor of numbers too."""
    browser, noon = service(time_format), NOON[time_format]
    assert counted(str(noon), time_format) == datetime(2024, 1, 1, 12)
    for value in (noon, float(noon), str(noon), "2024-01-01T12:00:00Z", None, -1, -1.0, float("nan")):
        sent = {"requests": [{"who": "u", "at": value, "begun": value}]}
        assert browser.post("/predict", content=json.dumps(sent)).status_code == 200, value
    for datatype, data in (("FP64", [noon]), ("BYTES", [str(noon)]), ("BYTES", ["2024-01-01"])):
        tensors = [
            {"name": "who", "datatype": "BYTES", "shape": [1], "data": ["u"]},
            {"name": "at", "datatype": datatype, "shape": [1], "data": data},
            {"name": "begun", "datatype": datatype, "shape": [1], "data": data},
        ]
        answer = browser.post("/v2/models/ad_click/infer", json={"inputs": tensors})
        assert answer.status_code == 200, answer.text


@VALUE
@pytest.mark.parametrize(
    ("time_format", "value", "said"),
    [
        (
            "epoch_ms",
            10**18,
            "a number of epoch_ms from -6.21356e+13 to 2.53402e+14 is expected, or a time in",
        ),
        ("epoch", "soon", "a number of epoch is expected, or a time in ISO 8601, found 'soon'"),
        ("epoch_ns", 1.5, "a whole number of epoch_ns is expected, or a time in ISO 8601, found '1.5'"),
        ("excel", True, "Input should be a number of excel, or a time as text, such as"),
    ],
)
def test_what_is_no_time_is_refused(time_format: str, value: Any, said: str) -> None:
    """By its field, with what would be one."""
    answer = service(time_format).post("/predict", json={"requests": [{"who": "u", "begun": value}]})

    assert answer.status_code == 422
    assert answer.json()["error"].startswith(f"requests.0.begun: {said}")


@VALUE
def test_a_number_is_no_time_of_a_table_that_writes_them_otherwise() -> None:
    """Nobody knows its unit."""
    made = card({"kind": "table", "format": "csv"}, COLUMNS)
    schema = pa.schema([(name, ARROW[COLUMNS[name]["type"]]) for name in made.data.inputs])
    answer = blind(made, schema).post("/predict", json={"requests": [{"who": "u", "begun": 1704110400}]})

    assert answer.status_code == 422
    assert "Input should be a time as text" in answer.json()["error"]


@pytest.mark.parametrize("time_format", NUMBERED)
def test_the_document_gives_the_bounds(time_format: str) -> None:
    """A request's own time begins in 1970, another is any that can be held."""
    document = service(time_format).get("/openapi.json").json()["components"]["schemas"]["Request"]
    for name, is_own in (("at", True), ("begun", False)):
        [number] = [one for one in document["properties"][name]["anyOf"] if "maximum" in one]
        assert (number["minimum"], number["maximum"]) == bounds(time_format, is_own)


def test_a_long_text_is_read_once() -> None:
    """A client's ten kilobytes of digits would keep all others waiting for seconds."""
    done = subprocess.run([sys.executable, "-c", READ], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
