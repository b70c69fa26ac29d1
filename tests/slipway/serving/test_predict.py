"""The typed API."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.serving.body import LEAST_BODY, ROW_BYTES
from slipway.serving.served import Served
from tests.slipway.serving.browser import OPTION, REQUEST, Browser, body


def test_options_come_back_best_first(browser: Browser) -> None:
    """Every option has its score and rank, and keeps its place and id."""
    answer = browser.post(
        "/predict", json=body(OPTION, OPTION | {"ad_id": 49}, OPTION | {"price": 90.0})
    ).json()
    options = answer["answers"][0]["options"]

    assert (answer["model"], answer["version"], answer["answers"][0]["request_id"]) == ("ad_click", 7, 5)
    assert [option["rank"] for option in options] == [1, 2, 3]
    assert sorted((option["index"], option["option"]) for option in options) == [(0, 1), (1, 49), (2, 1)]
    assert [option["score"] for option in options] == sorted((o["score"] for o in options), reverse=True)


def test_answers_are_the_versions_own(browser: Browser, served: Served) -> None:
    """JSON in and out changes no score."""
    options = browser.post("/predict", json=body()).json()["answers"][0]["options"]
    columns: dict[str, list[Any]] = {name: [value] for name, value in (REQUEST | OPTION).items()}

    assert options[0]["score"] == served.version.scores(served.table(columns))[0]


def test_requests_do_not_mix(browser: Browser) -> None:
    """Ranks start anew in every request, in the order of the requests."""
    two = {"requests": body(OPTION, OPTION)["requests"] + body(OPTION, request_id=6)["requests"]}
    answers = browser.post("/predict", json=two).json()["answers"]

    assert [answer["request_id"] for answer in answers] == [5, 6]
    assert [[option["rank"] for option in answer["options"]] for answer in answers] == [[1, 2], [1]]


@pytest.mark.parametrize("unknown", [{"user_id": 10**9}, {"options": [OPTION | {"ad_id": 10**9}]}])
def test_unknown_values_fall_back(browser: Browser, unknown: dict[str, Any]) -> None:
    """Who or what was never seen gets an answer that says so."""
    known, strange = (
        browser.post("/predict", json=body(**changes)).json()["answers"][0] for changes in ({}, unknown)
    )

    assert (known["fallback"], strange["fallback"]) == (False, True)
    assert 0 < strange["options"][0]["score"] < 1


def test_what_may_be_missing(browser: Browser) -> None:
    """A nullable column, the time and the request id may be left out or null."""
    without = {name: value for name, value in OPTION.items() if name != "price"}
    left_out, null = (
        browser.post("/predict", json=body(option)).json() for option in (without, OPTION | {"price": None})
    )

    assert left_out == null
    assert browser.post("/predict", json=body(time=None, request_id=None)).status_code == 200


def test_times_are_utc(browser: Browser) -> None:
    """The same moment by another clock gets the same score."""
    times = ("2026-01-01T00:30:00Z", "2026-01-01T00:30:00", "2025-12-31T19:30:00-05:00")
    answers = [browser.post("/predict", json=body(time=time)).json() for time in times]

    assert answers[0] == answers[1] == answers[2]


def test_nothing_to_rank(browser: Browser) -> None:
    """A request without options, and no request at all, have empty answers."""
    assert browser.post("/predict", json=body(options=[])).json()["answers"][0]["options"] == []
    assert browser.post("/predict", json={"requests": []}).json()["answers"] == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"user_id": "4"}, "requests.0.user_id"),
        ({"user_id": 4.5}, "requests.0.user_id"),
        ({"user_id": True}, "requests.0.user_id"),
        ({"user_id": None}, "requests.0.user_id"),
        ({"user_id": 2**63}, "requests.0.user_id"),
        ({"user_id": float("nan")}, "requests.0.user_id"),
        ({"placement": 3}, "requests.0.placement"),
        ({"placement": "x" * 10_001}, "requests.0.placement"),
        ({"time": 1_767_225_600}, "requests.0.time"),
        ({"time": "yesterday"}, "requests.0.time"),
        ({"time": "0001-01-01T00:00:00+12:00"}, "requests.0.time"),
        ({"options": None}, "requests.0.options"),
        ({"options": [3]}, "requests.0.options.0"),
        ({"options": [{}]}, "requests.0.options.0.ad_id"),
        ({"options": [OPTION | {"price": float("inf")}]}, "requests.0.options.0.price"),
        ({"options": [OPTION | {"price": "3.5"}]}, "requests.0.options.0.price"),
    ],
)
def test_malformed_requests_name_the_field(browser: Browser, changes: dict[str, Any], field: str) -> None:
    """What cannot be a value of its column is refused."""
    answer = browser.post("/predict", content=json.dumps(body(**changes)))

    assert answer.status_code == 422
    assert answer.json()["error"].startswith(f"{field}: ")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"{}", b'"\xff"', b"[" * 10_000, b'"\\ud800"']
)
def test_bodies_that_are_no_request(browser: Browser, content: bytes) -> None:
    """Anything else is refused as politely."""
    assert browser.post("/predict", content=content).status_code == 422


@pytest.mark.gate("serve.rows")
def test_too_many_options(browser: Browser) -> None:
    """The card bounds the options of one HTTP request."""
    assert browser.post("/predict", json=body(*[OPTION] * 1000)).status_code == 200
    assert browser.post("/predict", json=body(*[OPTION] * 1001)).status_code == 413


def test_too_large_a_body(browser: Browser) -> None:
    """No more is read than could be a request."""
    assert browser.post("/predict", content=b" " * (LEAST_BODY + 1000 * ROW_BYTES + 1)).status_code == 413


def test_keys_of_other_versions_are_ignored_and_told(browser: Browser) -> None:
    """Stable and canary get the same requests, and one may know more columns."""
    answer = browser.post("/predict", json=body(OPTION | {"shelf": 3}, weather="rain")).json()

    assert answer.pop("unknown") == ["shelf", "weather"]
    assert answer == browser.post("/predict", json=body()).json()


def test_openapi_names_the_columns(browser: Browser) -> None:
    """The body's schema is made of the card's columns."""
    schemas = browser.get("/openapi.json").json()["components"]["schemas"]

    assert schemas["Option"]["properties"]["ad_id"]["type"] == "integer"
    assert "price" not in schemas["Option"]["required"]
    assert schemas["Request"]["properties"]["time"]["anyOf"][0]["format"] == "date-time"
    assert {"PredictBody", "InferBody", "Predictions", "InferAnswer"} <= set(schemas)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(key=st.sampled_from([*REQUEST, "options"]), value=JSON)
def test_no_request_breaks_the_service(browser: Browser, key: str, value: Any) -> None:
    """Whatever stands in a field, the answer is an answer or a refusal."""
    assert browser.post("/predict", content=json.dumps(body(**{key: value}))).status_code in {200, 422}
