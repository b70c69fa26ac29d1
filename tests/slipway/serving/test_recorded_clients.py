"""What clients of the v2 protocol really send, recorded on the wire from their documented calls.

`tritonclient` 2.73 (http), `kserve` 0.21 (`InferenceRESTClient`) and the codecs of `mlserver` 1.7, each with
two customers of the made system.
"""

import json
from typing import Any

import pytest

from slipway.serving.served import Served
from tests.slipway.serving.browser import Browser
from tests.slipway.serving.test_inference import TENSORS
from tests.slipway.serving.test_names import MADE

PLAIN = (
    '"inputs":[{"name":"plan","shape":[2],"datatype":"BYTES","data":["basic","pro"]},'
    '{"name":"months","shape":[2],"datatype":"INT64","data":[3,40]},'
    '{"name":"monthly_spend","shape":[2],"datatype":"FP64","data":[90.0,1.0]},'
    '{"name":"signed_up","shape":[2],"datatype":"BYTES",'
    '"data":["2024-06-01T00:00:00Z","2024-06-01T00:00:00Z"]}]'
)
CODED = (
    '"inputs":[{"name":"plan","shape":[2,1],"datatype":"BYTES","parameters":{"content_type":"str"},'
    '"data":["basic","pro"]},{"name":"months","shape":[2,1],"datatype":"INT64","parameters":'
    '{"content_type":"np"},"data":[3,40]},{"name":"monthly_spend","shape":[2,1],"datatype":"FP64",'
    '"parameters":{"content_type":"np"},"data":[90.0,1.0]},{"name":"signed_up","shape":[2,1],"datatype":'
    '"BYTES","parameters":{"content_type":"datetime"},'
    '"data":["2024-06-01T00:00:00Z","2024-06-01T00:00:00Z"]}]'
)
FRAME = (
    '{"parameters":{"content_type":"pd"},"inputs":[{"name":"plan","shape":[2,1],"datatype":"BYTES",'
    '"parameters":{"content_type":"str"},"data":["basic","pro"]},{"name":"months","shape":[2,1],'
    '"datatype":"%s","data":%s},{"name":"monthly_spend","shape":[2,1],"datatype":"FP64","data":[90.0,1.0]},'
    '{"name":"signed_up","shape":[2,1],"datatype":"BYTES","parameters":{"content_type":"str"},'
    '"data":["2024-06-01T00:00:00Z","2024-06-01T00:00:00Z"]}]}'
)
SCORE = '"outputs":[{"name":"score","parameters":{"binary_data":false}}]'
SENT = {
    "tritonclient, JSON": f"{{{PLAIN},{SCORE}}}",
    "tritonclient, every argument": f'{{"id":"a1",{PLAIN},"outputs":[{{"name":"score","parameters":'
    '{"classification":2,"binary_data":false}}],"parameters":{"sequence_id":5,"sequence_start":true,'
    '"sequence_end":false,"priority":1,"timeout":1000,"who":"me"}}',
    "kserve": f'{{"id":"660ab0ad","model_name":"made",{PLAIN}}}',
    "kserve, every argument": f'{{"id":"x","model_name":"made",{PLAIN},"parameters":{{"a":1}}}}',
    "mlserver, a frame": FRAME % ("INT64", "[3,40]"),
    "mlserver, a frame of decimal numbers": FRAME % ("FP64", "[3.0,40.0]"),
    "mlserver, columns": f"{{{CODED}}}",
}
HEAD = (
    '{"inputs":[{"name":"plan","shape":[2],"datatype":"BYTES","parameters":{"binary_data_size":16}},'
    '{"name":"months","shape":[2],"datatype":"INT64","parameters":{"binary_data_size":16}}]%s}'
)
WANTED = ',"parameters":{"binary_data_output":true}'
TAIL = b"\x05\0\0\0basic\x03\0\0\0pro\x03\0\0\0\0\0\0\0(\0\0\0\0\0\0\0"


def scores(browser: Browser, sent: str) -> Any:
    """The scores that a body is answered with."""
    answer = browser.post(MADE, content=sent)
    assert answer.status_code == 200, answer.text
    return answer.json()["outputs"][0]["data"]


@pytest.mark.parametrize("sent", SENT.values(), ids=SENT)
def test_a_client_is_answered(churn_browser: Browser, sent: str) -> None:
    """The same rows have the same scores, whoever sends them."""
    assert scores(churn_browser, sent) == scores(churn_browser, f"{{{PLAIN}}}")


def test_a_frame_may_lack_a_whole_number(churn_browser: Browser) -> None:
    """pandas makes decimal numbers of such a column, and the codec a null."""
    lacking = json.loads(f"{{{PLAIN}}}")
    lacking["inputs"][1]["data"][1] = None

    assert scores(churn_browser, FRAME % ("FP64", "[3.0,null]")) == scores(churn_browser, json.dumps(lacking))


@TENSORS
@pytest.mark.parametrize("wanted", [WANTED, ""], ids=["tritonclient", "kserve"])
def test_binary_tensors_are_refused_by_name(
    churn_browser: Browser, monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    """What both clients send by default; the line says which argument to set."""
    monkeypatch.setattr(Served, "answer", lambda *_: pytest.fail("scored"))
    head = (HEAD % wanted).encode()
    sent = {"Inference-Header-Content-Length": str(len(head)), "Content-Type": "application/octet-stream"}
    answer = churn_browser.post(MADE, content=head + TAIL, headers=sent)

    assert answer.status_code == 400
    assert answer.json()["error"].startswith("Inference-Header-Content-Length: binary tensors are not supp")
    assert answer.json()["error"].endswith("binary_data=False")


@TENSORS
def test_a_binary_answer_is_refused_by_name(churn_browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """`tritonclient` asks for one wherever no output is named, though the inputs are JSON."""
    monkeypatch.setattr(Served, "answer", lambda *_: pytest.fail("scored"))
    asked = churn_browser.post(MADE, content=f"{{{PLAIN}{WANTED}}}")

    assert asked.status_code == 400
    assert asked.json() == {
        "error": "parameters.binary_data_output: answers are JSON; name each output that is wanted, with "
        "binary_data false"
    }
