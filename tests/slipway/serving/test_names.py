"""Names that no column has, and requests that name no input."""

from typing import Any

import pytest

from slipway.serving.app import build
from slipway.serving.names import LONGEST, MANY, MOST, Misnamed, Names
from slipway.serving.served import Served
from slipway.settings import Column
from tests.slipway.serving.browser import OPTION, Browser, body, tensors
from tests.slipway.serving.test_inference import INFER, tensor

MADE = "/v2/models/made/infer"
KNOWN = {"plan": "basic", "months": 3, "monthly_spend": 90.0}
NAMES = pytest.mark.gate(
    "serve.names",
    fed="a request with a column's name as the table has it, or written with other case, spaces or hyphens",
    stops="serve",
    exit="422, in the protocol 400",
    reason="found 'Monthly Spend', expected 'monthly_spend'",
    untouched="nothing scored as if the column were missing",
)
NOTHING = pytest.mark.gate(
    "serve.no_input",
    fed="a request without a single input that the model knows, where each may be missing",
    stops="serve",
    exit="422, in the protocol 400",
    reason="no input of this model, expected any of monthly_spend, months, plan; null where it is missing",
    untouched="nothing scored",
)


@pytest.fixture
def unscored(monkeypatch: pytest.MonkeyPatch) -> None:
    """What must not happen."""
    monkeypatch.setattr(Served, "answer", lambda *_: pytest.fail("scored"))


def sent(request: dict[str, Any]) -> dict[str, Any]:
    """The same as tensors of one row."""
    kinds = {str: "BYTES", int: "INT64", float: "FP64"}
    return {
        "inputs": [
            {"name": name, "shape": [1], "datatype": kinds[type(value)], "data": [value]}
            for name, value in request.items()
        ]
    }


@NAMES
@pytest.mark.usefixtures("unscored")
@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("Monthly Spend", "monthly_spend"),
        ("Months", "months"),
        ("monthly-spend", "monthly_spend"),
        ("MonthlySpend", "monthly_spend"),
        (" PLAN ", "plan"),
        ("\uff50lan", "plan"),
        ("signed-up", "signed_up"),
        ("Options", "options"),
    ],
)
def test_a_name_that_was_meant_for_a_column_is_refused(
    churn_browser: Browser, wrong: str, meant: str
) -> None:
    """By both APIs, also beside the name that is expected: nobody knows which of the two counts."""
    typed = churn_browser.post("/predict", json={"requests": [KNOWN, KNOWN | {wrong: 3}]})
    assert (typed.status_code, typed.json()) == (
        422,
        {"error": f"requests.1: found {wrong!r}, expected {meant!r}"},
    )
    if meant != "options":
        tensors = churn_browser.post(MADE, json=sent(KNOWN | {wrong: 3}))
        assert (tensors.status_code, tensors.json()) == (
            400,
            {"error": f"inputs: found {wrong!r}, expected {meant!r}"},
        )


@NAMES
@pytest.mark.usefixtures("unscored")
def test_all_of_them_are_named_at_once(churn_browser: Browser) -> None:
    """So that a client is mended once."""
    answer = churn_browser.post(
        "/predict", json={"requests": [{"plan": "pro", "Monthly Spend": 9, "Months": 3}]}
    )

    assert answer.json()["error"] == (
        "requests.0: found 'Monthly Spend', expected 'monthly_spend'; found 'Months', expected 'months'"
    )


@NAMES
@pytest.mark.usefixtures("unscored")
def test_a_column_stands_where_it_belongs(browser: Browser) -> None:
    """The price is each ad's, and the device that of the request."""
    outside = browser.post("/predict", json=body(price=3.5)).json()
    inside = browser.post("/predict", json=body(OPTION, OPTION | {"device": "phone"})).json()

    assert outside == {"error": "requests.0: found 'price', expected 'price' in each option"}
    assert inside == {"error": "requests.0.options.1: found 'device', expected 'device' in the request"}


def test_two_columns_may_look_alike() -> None:
    """Each by its own name; what may be either is refused with both."""
    names = Names({"a_b": Column(type="number"), "ab": Column(type="number", source="A B")}, {}, "")

    assert names.unknown(["a_b", "ab", "other"]) == {"other"}
    with pytest.raises(Misnamed, match="found 'A-B', expected 'a_b' or 'ab'"):
        names.unknown(["A-B"])


def test_a_name_that_is_far_longer_is_not_compared() -> None:
    """Unicode takes the square of a name's combining marks."""
    names = Names({"user_id": Column(type="number")}, {}, "")
    marks = "\u0334" * 100

    assert names.unknown([f"User ID{marks}"]) == {f"User ID{marks}"}
    with pytest.raises(Misnamed):
        names.unknown([f"User{' ' * 50}ID"])


def test_a_name_of_signs_alone_is_no_other() -> None:
    """Without them it would be like any other of the kind."""
    names = Names({"dash": Column(type="number", source="-")}, {}, "")

    assert names.unknown(["_"]) == {"_"}
    with pytest.raises(Misnamed):
        names.unknown(["-"])


def test_what_came_of_a_row_may_be_sent_and_is_told(churn_browser: Browser) -> None:
    """A client may send its whole row; the label is no input."""
    answer = churn_browser.post("/predict", json={"requests": [KNOWN | {"Churned": "Yes"}]}).json()

    assert answer["unknown"] == ["Churned"]


def test_unknown_names_are_told_within_bounds(browser: Browser) -> None:
    """However many and long they are."""
    many = {f"x{'y' * 200}{number:03d}": 1 for number in range(100)}
    told = browser.post("/predict", json=body(**many)).json()["unknown"]
    tensors_told = browser.post(
        INFER, json=tensors(2, **{name: tensor(name, [1, 1]) for name in many})
    ).json()["parameters"]["unknown_inputs"]

    assert (len(told), {len(name) for name in told}) == (MOST, {LONGEST})
    assert tensors_told == ", ".join(told)


@pytest.mark.gate(
    "serve.unknown_names",
    fed="a request, or many together, with over 10,000 names that no column has",
    stops="serve",
    exit="422, in the protocol 400",
    reason="found 10001 names that no column has, expected at most 10000",
    untouched="none of them is looked at, and nothing scored",
)
@pytest.mark.usefixtures("unscored")
def test_so_many_names_are_unknown_to_nobody(browser: Browser) -> None:
    """At once, or a few in each option."""
    said = f"found {MANY + 1} names that no column has, expected at most {MANY}"
    many = [f"x{number}" for number in range(MANY + 1)]
    options = [OPTION | dict.fromkeys(many[start : start + 73], 0) for start in range(0, MANY, 73)]
    answers = [
        browser.post("/predict", json=body(**dict.fromkeys(many, 0))),
        browser.post("/predict", json=body(*options)),
        browser.post(INFER, json=tensors(1, **{name: tensor(name, []) for name in many})),
    ]

    assert [answer.status_code for answer in answers] == [422, 422, 400]
    assert [said in answer.text for answer in answers] == [True] * 3


def test_unknown_names_are_counted(served: Served) -> None:
    """Once in each body, in one series."""
    browser = Browser(build(served))
    browser.post("/predict", json=body(OPTION | {"shelf": 1}, OPTION | {"shelf": 2}, weather="rain"))
    browser.post(INFER, json=tensors(2, weather=tensor("weather", [1, 2])))
    browser.post("/predict", json=body())
    series = [line for line in browser.get("/metrics").text.splitlines() if "unknown_names_total" in line]

    assert series[-1] == 'slipway_unknown_names_total{model="ad_click",version="7"} 3.0'
    assert len([line for line in series if not line.startswith("#")]) == 1


@NOTHING
@pytest.mark.usefixtures("unscored")
@pytest.mark.parametrize(
    "request_", [{}, {"options": [{}]}, {"signed_up": "2024-01-01"}, {"row": 3}, {"weather": "rain"}]
)
def test_a_request_that_names_no_input_is_refused(churn_browser: Browser, request_: dict[str, Any]) -> None:
    """Each may be missing; all of them at once are missing by mistake."""
    answer = churn_browser.post("/predict", json={"requests": [{"plan": None}, request_]})

    assert (answer.status_code, answer.json()) == (
        422,
        {
            "error": "requests.1: no input of this model, expected any of monthly_spend, months, plan; "
            "null where it is missing"
        },
    )


@NOTHING
@pytest.mark.usefixtures("unscored")
@pytest.mark.parametrize(
    "inputs",
    [
        [],
        [tensor("weather", [1])],
        [tensor("row", [1])],
        [tensor("signed_up", ["2024-01-01"], datatype="BYTES")],
    ],
)
def test_tensors_without_an_input_are_refused(churn_browser: Browser, inputs: list[Any]) -> None:
    """None, unknown ones alone, or what ingestion makes."""
    answer = churn_browser.post(MADE, json={"inputs": inputs})

    assert answer.status_code == 400
    assert answer.json()["error"].startswith("inputs: no input of this model, expected any of monthly_spend,")


def test_all_inputs_may_be_missing_where_it_is_said(churn_browser: Browser) -> None:
    """Null is an answer to what is known: nothing."""
    nothing = dict.fromkeys(KNOWN)
    typed = churn_browser.post("/predict", json={"requests": [nothing, {"plan": None}]}).json()["answers"]

    assert typed[0] == typed[1]
