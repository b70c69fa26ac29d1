"""The examples of the OpenAPI document, and where `/` leads."""

from typing import Any

import pytest

from slipway.serving.app import build
from slipway.serving.served import Served
from tests.slipway.serving.browser import Browser
from tests.slipway.serving.tabled import Tabled


def example(browser: Browser, path: str) -> Any:
    """As the document shows it."""
    told = browser.get("/openapi.json").json()
    return told["paths"][path]["post"]["requestBody"]["content"]["application/json"]["example"]


@pytest.mark.parametrize("path", ["/predict", "/v2/models/{name}/infer"])
def test_the_example_is_answered(browser: Browser, path: str) -> None:
    """Of a version that ranks options, and by both ways to ask."""
    answer = browser.post(path.format(name="ad_click"), json=example(browser, path))

    assert answer.status_code == 200, answer.text


def test_the_example_of_a_table_is_answered(churn: Tabled) -> None:
    """Its requests have no options."""
    sent = example(churn.browser, "/predict")
    answer = churn.browser.post("/predict", json=sent)

    assert "options" not in sent["requests"][0]
    assert answer.status_code == 200, answer.text


def test_the_root_says_where_to_go_on(served: Served, browser: Browser) -> None:
    """And of an image nothing of what SECURITY.md keeps from its port: not the schema, not the version."""
    closed = Browser(build(served, ()))

    assert browser.get("/").json() == {"predict": "/predict", "protocol": "/v2", "openapi": "/openapi.json"}
    assert closed.get("/").json() == {"predict": "/predict", "protocol": "/v2"}
