"""Bodies as clients of the protocol send them: nulls, decimal whole numbers, encodings, packed ones."""

import gzip
import json
from base64 import b64encode
from typing import Any

import pytest

from slipway.serving.body import LEAST_BODY, ROW_BYTES
from slipway.serving.served import Served
from tests.slipway.serving.browser import Browser, body, tensors
from tests.slipway.serving.test_body import SIZE, refused
from tests.slipway.serving.test_inference import INFER, TENSORS, tensor
from tests.slipway.serving.test_names import MADE

LARGEST = LEAST_BODY + 1000 * ROW_BYTES
CONTENT_TYPE = pytest.mark.gate(
    "serve.content_type",
    fed="a tensor of a declared encoding that its column does not take, or whose values are not of it",
    stops="serve",
    exit="400",
    reason="content_type and what is expected",
    untouched="no encoded text is taken for a category",
)
PLAN, MONTHS, SPEND = ("plan", ["basic", "pro"]), ("months", [3, 40]), ("monthly_spend", [90.0, 1.0])
SENT = {
    "plan": tensor(*PLAN, datatype="BYTES"),
    "months": tensor(*MONTHS),
    "monthly_spend": tensor(*SPEND, datatype="FP64"),
    "signed_up": tensor("signed_up", ["2024-06-01T00:00:00Z"] * 2, datatype="BYTES"),
}


def made(
    browser: Browser, *, top: dict[str, Any] | None = None, **changes: Any
) -> tuple[int, dict[str, Any]]:
    """The status and body of an answer to the tensors above, some of them changed."""
    inputs = [SENT[name] | changes.get(name, {}) for name in SENT]
    answer = browser.post(MADE, content=json.dumps({"inputs": inputs} | (top or {})))
    return answer.status_code, answer.json()


def test_an_optional_field_may_be_null(churn_browser: Browser) -> None:
    """As generated clients send it, inside of tensors, outputs and parameters too."""
    nulls = {"id": None, "parameters": {"content_type": None, "headers": None}, "outputs": None}
    plain = made(churn_browser)
    within = {"parameters": None}

    assert plain[0] == 200
    assert made(churn_browser, top=nulls, plan=within, months=within, monthly_spend=within) == plain
    assert made(churn_browser, top={"parameters": None}, plan={"parameters": {"content_type": None}}) == plain
    wanted = {"outputs": [{"name": "score", "parameters": None}]}
    assert made(churn_browser, top=wanted)[1]["outputs"] == plain[1]["outputs"][:1]


@pytest.mark.parametrize(
    "sent",
    [
        {"data": [3.0, 40.0], "datatype": "FP64"},
        {"data": [3.0, 40], "datatype": "FP32"},
        {"data": [3, 40], "datatype": "UINT8"},
        {"data": [3, 40], "datatype": "int64"},
        {"data": [[3.0], [40]], "datatype": "INT16", "shape": [2, 1]},
    ],
)
def test_whole_numbers_may_be_decimal(churn_browser: Browser, sent: dict[str, Any]) -> None:
    """JSON has one kind of number, and pandas has no whole numbers where some are missing."""
    assert made(churn_browser, months=sent) == made(churn_browser)


def test_pandas_marks_what_is_missing(churn_browser: Browser) -> None:
    """By null, or by NaN where its JSON is not strict."""
    nulls, nans = (
        made(churn_browser, months={"data": [3.0, missing], "datatype": "FP64"})
        for missing in (None, float("nan"))
    )

    assert nulls == nans
    assert nulls[0] == 200
    assert nulls != made(churn_browser)


def test_whole_numbers_may_be_decimal_in_the_typed_api(browser: Browser) -> None:
    """The same row."""
    whole, decimal = (
        browser.post("/predict", json=body(user_id=user)).json()["answers"][0]["options"] for user in (4, 4.0)
    )

    assert whole == decimal


@TENSORS
@pytest.mark.parametrize("value", [3.5, 2.0**53 + 2, True, "3", float("inf")])
def test_others_are_no_whole_numbers(churn_browser: Browser, value: object) -> None:
    """A fraction is not cut off, and a decimal number beyond 2^53 may stand for several ids."""
    status, answer = made(churn_browser, months={"data": [3, value], "datatype": "FP64"})

    assert status == 400
    assert answer["error"].startswith("months.1: Input should be a whole number of 64 bits, found ")


@pytest.mark.parametrize("kind", ["str", "np", "pd", "hf", "datetime"])
def test_a_content_type_of_plain_values_changes_nothing(churn_browser: Browser, kind: str) -> None:
    """It names the object that a server in Python should make of them."""
    declared = {"parameters": {"content_type": kind}}
    assert made(churn_browser, plan=declared, months=declared) == made(churn_browser)
    assert made(churn_browser, top=declared) == made(churn_browser)


def test_base64_is_decoded(churn_browser: Browser) -> None:
    """Declared of the tensor; not of the texts that only look like it."""
    packed = {"data": [b64encode(one.encode()).decode() for one in PLAN[1]]}
    declared = {"parameters": {"content_type": "base64"}}
    undeclared = made(churn_browser, plan=packed)

    assert made(churn_browser, plan=packed | declared) == made(churn_browser)
    assert undeclared[0] == 400
    assert "one of 'basic', 'plus', 'pro' is expected" in undeclared[1]["error"]
    lacking = {"data": [packed["data"][0], None]} | declared
    assert made(churn_browser, plan=lacking) == made(churn_browser, plan={"data": ["basic", None]})


@CONTENT_TYPE
@pytest.mark.parametrize(
    ("name", "sent", "said"),
    [
        ("plan", {"parameters": {"content_type": "base32"}}, "content_type 'base32', expected str or np or"),
        ("plan", {"parameters": {"content_type": 5}}, "content_type 5, expected str"),
        (
            "months",
            {"parameters": {"content_type": "base64"}},
            "content_type 'base64', expected str or np or",
        ),
        (
            "plan",
            {"parameters": {"content_type": "base64"}, "data": ["pro", "b_d"]},
            "no base64 of UTF-8 text",
        ),
        (
            "plan",
            {"parameters": {"content_type": "base64"}, "data": ["/w==", "cHJv"]},
            "no base64 of UTF-8 text",
        ),
    ],
)
def test_another_encoding_is_refused_by_its_name(
    churn_browser: Browser, monkeypatch: pytest.MonkeyPatch, name: str, sent: dict[str, Any], said: str
) -> None:
    """Nothing is guessed."""
    monkeypatch.setattr(Served, "answer", lambda *_: pytest.fail("scored"))
    status, answer = made(churn_browser, **{name: sent})

    assert status == 400
    assert answer["error"].startswith(f"{name}: {said}")


PACKED = {"Content-Encoding": "gzip"}


@pytest.mark.parametrize(("path", "sent"), [("/predict", body()), (INFER, tensors(3))])
@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip", "identity"])
def test_a_packed_body_is_unpacked(browser: Browser, path: str, sent: dict[str, Any], encoding: str) -> None:
    """It is the same body."""
    content = json.dumps(sent).encode()
    packed = content if encoding == "identity" else gzip.compress(content)
    answer = browser.post(path, content=packed, headers={"Content-Encoding": encoding})

    assert answer.json() == browser.post(path, json=sent).json()
    assert answer.status_code == 200


@refused(
    "serve.encoding",
    "a body packed in another way than gzip",
    "415",
    "content-encoding: 'br', expected gzip or none",
)
@pytest.mark.parametrize("encoding", ["br", "deflate", "zstd", "gzip, gzip", ""])
def test_another_packing_is_refused(browser: Browser, encoding: str) -> None:
    """By its name."""
    answer = browser.post("/predict", json=body(), headers={"Content-Encoding": encoding})

    assert answer.status_code == 415
    assert answer.json() == {"error": f"content-encoding: {encoding!r}, expected gzip or none"}


@refused(
    "serve.gzip",
    "a body that is said to be gzip and is cut off, goes on after its end, or is none",
    "400",
    "body: not gzip, as content-encoding says",
)
@pytest.mark.parametrize("cut", [slice(0, -1), slice(0, 12), slice(0, 0), slice(2, None)])
def test_half_a_packed_body_is_refused(browser: Browser, cut: slice) -> None:
    """Also where what is there would be whole JSON."""
    content = gzip.compress(json.dumps(body()).encode())
    for wrong in (content[cut], content + content, content + b"x"):
        answer = browser.post("/predict", content=wrong, headers=PACKED)
        assert answer.status_code == 400
        assert answer.json()["error"].startswith("body: not ")


@SIZE
def test_a_body_is_bounded_once_unpacked(browser: Browser) -> None:
    """A few KiB that would take a gibibyte: no more is unpacked than what is allowed."""
    bomb = gzip.compress(b"\0" * (8 * LARGEST))
    answer = browser.post("/predict", content=bomb, headers=PACKED)

    assert len(bomb) < LARGEST / 100
    assert answer.status_code == 413
    assert answer.json() == {"error": f"body: more than {LARGEST} bytes once unpacked"}
    assert browser.post("/predict", content=gzip.compress(b" " * LARGEST), headers=PACKED).status_code == 422
