"""What docs/tables.md says of requests is what the service does."""

import json
import re
from typing import Any

import pytest

from slipway.serving.inference import BASE64, PLAIN
from slipway.serving.names import MOST
from slipway.system.cleaning import LONGEST
from tests.repo.root import text
from tests.slipway.serving.browser import Browser
from tests.slipway.serving.conftest import MARKS
from tests.slipway.serving.tabled import Tabled

PAGE = text("docs/tables.md").split("\n## Requests\n")[1].split("\n## ")[0]
LINE = re.compile(r"^\| (`\{.*) \| (\d+)(.*) \|$", re.MULTILINE)
ROWS = [
    (request, int(status), said)
    for requests, status, said in LINE.findall(PAGE)
    for request in re.findall(r"`(\{.*?\})`", requests)
]
AT = {"signed_up": "2024-05-01T10:00:00Z"}


@pytest.fixture(scope="module")
def asked(cut: Tabled) -> Browser:
    """The service of the page's card."""
    assert all(f"`{mark}`" in PAGE for mark in MARKS.split(", ", 1))
    return cut.browser


def answered(browser: Browser, request: str) -> tuple[int, dict[str, Any]]:
    """The answer to one request as it is written, of one moment where it names an input and no time."""
    body = f'{{"requests": [{request}]}}'
    if "signed_up" not in request and request != "{}":
        body = body.replace("[{", f"[{json.dumps(AT)[:-1]}, ", 1)
    answer = browser.post("/predict", content=body)
    return answer.status_code, answer.json()


def test_the_page_has_examples() -> None:
    """The tests below can bite."""
    assert len(ROWS) > 20
    assert {status for _, status, _ in ROWS} == {200, 422}


@pytest.mark.parametrize(("request_", "status", "said"), ROWS)
def test_an_example_is_answered_as_the_page_says(
    asked: Browser, request_: str, status: int, said: str
) -> None:
    """Status, line, and which other request has the same answer."""
    code, answer = answered(asked, request_)
    quoted = re.findall(r"`(.*)`", said)

    assert code == status
    if status == 422:
        assert quoted[0] in answer["error"]
    elif said.startswith(", as the first"):
        assert answer == answered(asked, ROWS[0][0])[1]
    elif said.startswith(", as "):
        assert answer == answered(asked, quoted[0])[1]
    elif quoted:
        key, value = next(iter(json.loads(f"{{{quoted[0]}}}").items()))
        assert answer[key] == value
    else:
        assert "unknown" not in answer


def test_the_names_and_numbers_are_the_service_s(asked: Browser) -> None:
    """Each as its constant has it."""
    assert f"up to {MOST} are" in PAGE.replace("\n  ", " ")
    assert f"at most {LONGEST} characters" in PAGE
    assert all(f"`{kind}`" in PAGE for kind in PLAIN)
    assert f"`content_type: {BASE64}`" in PAGE
    assert "slipway_unknown_names_total" in PAGE
    assert "slipway_unknown_names_total" in asked.get("/metrics").text
