"""Prometheus series."""

from slipway.serving.app import build
from slipway.serving.served import Served
from tests.slipway.serving.browser import Browser, body


def series(browser: Browser) -> set[str]:
    """The names and labels in the exposition."""
    lines = browser.get("/metrics").text.splitlines()
    return {line.rpartition(" ")[0] for line in lines if not line.startswith("#")}


def test_series_carry_the_version(served: Served) -> None:
    """Requests are counted by model, version, route and status code."""
    browser = Browser(build(served))
    browser.post("/predict", json=body())
    labels = 'code="200",model="ad_click",route="/predict",version="7"'

    assert f"slipway_requests_total{{{labels}}}" in series(browser)


def test_series_are_bounded(served: Served) -> None:
    """Unknown paths, models, versions and methods add no series after the first of their kind."""
    browser = Browser(build(served))

    def roam(count: int) -> set[str]:
        for number in range(count):
            browser.get(f"/unknown-{number}")
            browser.get(f"/v2/models/model-{number}")
            browser.get(f"/v2/models/ad_click/versions/{number}00/ready")
            browser.request(f"METHOD{number}", "/predict")
        return series(browser)

    assert roam(1) == roam(50)
