"""The Open Inference Protocol."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.serving.served import Served
from tests.slipway.serving.browser import OPTION, REQUEST, Browser, body, tensors
from tests.slipway.serving.test_predict import JSON

INFER = "/v2/models/ad_click/infer"


TENSORS = pytest.mark.gate(
    "serve.tensors",
    fed="tensors of a wrong type, shape, length or value, missing, twice or in binary, and unknown outputs",
    stops="serve",
    exit="400",
    reason="the tensor and the value, what was found and what is expected",
    untouched="nothing scored",
)
ROWS = pytest.mark.gate(
    "serve.rows",
    fed="more options in one request than serving.max_rows",
    stops="serve",
    exit="413",
    reason="1001 options in one request; serving.max_rows allows 1000",
    untouched="nothing scored",
)


def outputs(browser: Browser, sent: dict[str, Any]) -> dict[str, Any]:
    """The data of each output of an answer."""
    return {tensor["name"]: tensor["data"] for tensor in browser.post(INFER, json=sent).json()["outputs"]}


def test_health_and_metadata(browser: Browser) -> None:
    """The server says what it is and what it takes."""
    model = browser.get("/v2/models/ad_click").json()

    assert browser.get("/v2/health/live").json() == {"live": True}
    assert browser.get("/v2/health/ready").json() == {"ready": True}
    assert browser.get("/v2").json()["name"] == "slipway"
    assert (model["versions"], len(model["inputs"])) == (["7"], len(REQUEST | OPTION))
    assert [tensor["datatype"] for tensor in model["outputs"]] == ["FP64", "INT32", "BOOL"]


def test_both_apis_agree(browser: Browser) -> None:
    """A tensor row and a typed option are the same thing."""
    typed = browser.post("/predict", json=body()).json()["answers"][0]["options"][0]

    assert outputs(browser, tensors(1)) == {
        "score": [typed["score"]],
        "rank": [1],
        "fallback": [typed["fallback"]],
    }


def test_the_answer_names_the_version(browser: Browser) -> None:
    """The registered number, the id that was sent, and one value per row."""
    answer = browser.post(INFER, json=tensors(3) | {"id": "mine"}).json()

    assert (answer["model_name"], answer["model_version"], answer["id"]) == ("ad_click", "7", "mine")
    assert [tensor["shape"] for tensor in answer["outputs"]] == [[3], [3], [3]]


def test_rows_are_ranked_by_request(browser: Browser) -> None:
    """Rows of one request id are ranked together, wherever they stand; without ids all are one request."""
    ids = {"name": "request_id", "datatype": "INT64", "shape": [4], "data": [8, 9, 8, 9]}
    ads = {"name": "ad_id", "datatype": "INT64", "shape": [4, 1], "data": [[1], [1], [2], [3]]}
    apart = outputs(browser, tensors(4, request_id=ids, ad_id=ads))["rank"]
    together = outputs(browser, tensors(4, request_id=None, ad_id=ads))["rank"]

    assert sorted(apart[::2]) == sorted(apart[1::2]) == [1, 2]
    assert sorted(together) == [1, 2, 3, 4]


def test_wanted_outputs(browser: Browser) -> None:
    """Only what was asked for comes back."""
    assert set(outputs(browser, tensors() | {"outputs": [{"name": "rank"}]})) == {"rank"}
    assert browser.post(INFER, json=tensors() | {"outputs": [{"name": "loss"}]}).status_code == 400


@TENSORS
@pytest.mark.parametrize("wanted", [["score", "score"], ["rank", "score", "rank"]])
def test_each_output_is_given_once(browser: Browser, wanted: list[str]) -> None:
    """However often it is named, it would be the same."""
    answer = browser.post(INFER, json=tensors() | {"outputs": [{"name": name} for name in wanted]})

    assert (answer.status_code, answer.json()) == (400, {"error": "outputs: two have the same name"})


def test_what_may_be_missing(browser: Browser) -> None:
    """Nullable columns and the time may be left out, or null within a tensor."""
    nulls = {"name": "price", "datatype": "FP64", "shape": [2], "data": [None, None]}

    assert outputs(browser, tensors(price=None)) == outputs(browser, tensors(price=nulls))
    assert browser.post(INFER, json=tensors(time=None)).status_code == 200


def test_no_rows(browser: Browser) -> None:
    """An empty request has an empty answer."""
    assert outputs(browser, tensors(0)) == {"score": [], "rank": [], "fallback": []}


def tensor(name: str, data: list[Any], **changes: Any) -> dict[str, Any]:
    """A tensor that a test may spoil."""
    return {"name": name, "datatype": "INT64", "shape": [len(data)], "data": data} | changes


@TENSORS
@pytest.mark.parametrize(
    ("name", "spoilt"),
    [
        ("user_id", None),
        ("user_id", tensor("user_id", [1, 2], datatype="BYTES")),
        ("user_id", tensor("user_id", [1, 2], datatype="INT99")),
        ("user_id", tensor("user_id", [1, 2], shape=[3])),
        ("user_id", tensor("user_id", [1, 2], shape=[2, 2])),
        ("user_id", tensor("user_id", [1])),
        ("user_id", tensor("user_id", [1, "2"])),
        ("user_id", tensor("user_id", [1, None])),
        ("user_id", tensor("user_id", [1, 2**64])),
        ("user_id", tensor("user_id", [[1], [2, 3]], shape=[2, 1])),
        ("user_id", tensor("user_id", [], parameters={"binary_data_size": 16}, shape=[2])),
        ("price", tensor("price", [1.0, float("nan")], datatype="FP64")),
        ("price", tensor("price", [1.0, float("inf")], datatype="FP64")),
        ("price", tensor("price", [float("-inf"), 1.0], datatype="FP32")),
        ("user_id", tensor("user_id", [1, float("inf")])),
        ("time", tensor("time", ["now", "then"], datatype="BYTES")),
        ("device", tensor("device", ["x" * 10_001, "y"], datatype="BYTES")),
    ],
)
def test_malformed_tensors_name_the_column(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, name: str, spoilt: Any
) -> None:
    """A tensor that cannot be its column is refused, before anything is scored."""
    monkeypatch.setattr(Served, "answer", lambda *_: pytest.fail("scored"))
    answer = browser.post(INFER, content=json.dumps(tensors(2, **{name: spoilt})))

    assert answer.status_code == 400
    assert answer.json()["error"].startswith(name)


@TENSORS
@pytest.mark.parametrize("word", ["1e999", "-1e999", "Infinity", "-Infinity", "NaN"])
def test_a_number_that_is_none_as_text_has_it(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    """Whatever a JSON parser makes of it, such as an infinity of what overflows."""
    monkeypatch.setattr(Served, "answer", lambda *_: pytest.fail("scored"))
    sent = json.dumps(tensors(2, price=tensor("price", [1.0, 12345], datatype="FP64")))
    answer = browser.post(INFER, content=sent.replace("12345", word))

    assert answer.status_code == 400
    assert answer.json()["error"].startswith("price")


@TENSORS
@pytest.mark.parametrize(
    "spoilt",
    [
        {},
        {"inputs": []},
        {"inputs": [3]},
        {"inputs": [tensor("user_id", [1]), tensor("user_id", [1])]},
        tensors() | {"parameters": {"binary_data_output": True}},
        tensors() | {"outputs": [{"name": "score", "parameters": {"binary_data": True}}]},
        tensors() | {"outputs": [{"name": "loss"}]},
        tensors() | {"id": 3},
        {"inputs": [tensor("user_id", [1], shape=[-1])]},
    ],
)
def test_malformed_bodies(browser: Browser, spoilt: dict[str, Any]) -> None:
    """What the protocol does not allow, or this server does not offer, is refused."""
    assert browser.post(INFER, json=spoilt).status_code == 400


@ROWS
def test_too_many_rows(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """The card bounds the rows of one request."""
    monkeypatch.setattr(Served, "answer", lambda *_: pytest.fail("scored"))
    answer = browser.post(INFER, json=tensors(1001))

    assert answer.status_code == 413
    assert answer.json()["error"] == "1001 options in one request; serving.max_rows allows 1000"


@TENSORS
def test_binary_bodies_are_refused(browser: Browser) -> None:
    """The binary tensor extension is announced by a header."""
    answer = browser.post(INFER, content=b"{}\0\0", headers={"Inference-Header-Content-Length": "2"})

    assert answer.status_code == 400
    assert "binary tensors are not supported" in answer.json()["error"]


@pytest.mark.gate(
    "serve.model",
    fed="a request for another model, or for another version than the one that is served",
    stops="serve",
    exit="404",
    reason="the name or version asked for, and what this server has",
    untouched="nothing scored by the version that was not asked for",
)
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v2/models/ad_click/ready", 200),
        ("/v2/models/ad_click/versions/7", 200),
        ("/v2/models/ad_click/versions/7/ready", 200),
        ("/v2/models/ad_click/versions/8/ready", 404),
        ("/v2/models/fraud", 404),
        ("/v2/models/fraud/ready", 404),
        ("/v2/models/ad_click/infer", 405),
        ("/v3", 404),
    ],
)
def test_paths(browser: Browser, path: str, status: int) -> None:
    """Another model or version is not here, and the error is JSON as everywhere."""
    answer = browser.get(path)

    assert (answer.status_code, isinstance(answer.json(), dict)) == (status, True)


@pytest.mark.gate("serve.model")
def test_versioned_inference(browser: Browser) -> None:
    """A client may insist on a version."""
    assert browser.post("/v2/models/ad_click/versions/7/infer", json=tensors()).status_code == 200
    assert browser.post("/v2/models/ad_click/versions/8/infer", json=tensors()).status_code == 404


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from([*REQUEST, *OPTION]), key=st.sampled_from(["shape", "datatype", "data"]), value=JSON
)
def test_no_tensor_breaks_the_service(browser: Browser, name: str, key: str, value: Any) -> None:
    """Whatever stands in a tensor, the answer is an answer or a refusal."""
    spoilt = next(made for made in tensors()["inputs"] if made["name"] == name) | {key: value}

    assert browser.post(INFER, content=json.dumps(tensors(2, **{name: spoilt}))).status_code in {200, 400}


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["id", "parameters", "outputs"]), JSON),
    st.lists(
        st.fixed_dictionaries(
            {
                "name": st.sampled_from([*REQUEST, *OPTION, "unknown", "\x00"]),
                "data": st.lists(JSON, max_size=3),
            },
            optional={
                "shape": st.lists(st.integers(-1, 2**70), max_size=3),
                "datatype": st.sampled_from(["INT64", "BYTES", "FP64", "BOOL", "INT8", ""]),
                "parameters": JSON,
            },
        )
        | JSON,
        max_size=14,
    ),
)
def test_no_body_breaks_the_service(browser: Browser, rest: dict[str, Any], inputs: list[Any]) -> None:
    """Nor do many tensors at once, unknown ones, the same ones twice, or none."""
    sent = json.dumps(rest | {"inputs": inputs})

    assert browser.post(INFER, content=sent).status_code in {200, 400}


def test_unknown_tensors_are_ignored_and_told(browser: Browser) -> None:
    """Stable and canary get the same requests, and one may know more columns."""
    more = tensors(2, weather=tensor("weather", ["rain"], datatype="BYTES"))
    answer = browser.post(INFER, json=more).json()

    assert answer.pop("parameters") == {"unknown_inputs": "weather"}
    assert answer == browser.post(INFER, json=tensors(2)).json()


@TENSORS
def test_a_tensor_that_is_left_out(browser: Browser) -> None:
    """It is said to be missing, not to hold nulls that nobody sent."""
    answer = browser.post(INFER, json=tensors(2, user_id=None))

    assert (answer.status_code, answer.json()) == (400, {"error": "user_id: missing from inputs"})


@TENSORS
def test_two_tensors_of_one_name(browser: Browser) -> None:
    """The last would win without a word."""
    sent = tensors(2)
    answer = browser.post(INFER, json=sent | {"inputs": [*sent["inputs"], sent["inputs"][0]]})

    assert (answer.status_code, answer.json()) == (400, {"error": "inputs: two tensors have the same name"})
