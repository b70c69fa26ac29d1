"""Before any traffic: does the served version keep its contract, its scores and its latency budget?"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Self

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from slipway.base.documents import read
from slipway.data.requests import request_bounds, request_codes
from slipway.records.checks import Check
from slipway.rollout.client import NONE, Client, Reply, patience
from slipway.rollout.reply import read_answer
from slipway.rollout.traffic import bodies
from slipway.settings import Card, Columns
from slipway.tasks import Task, bind
from slipway.version.assemble import SCORE
from slipway.version.manifest import CARD, MANIFEST, PARITY, Manifest
from slipway.version.parity import differences, scores_of

TIMED = 300
"""Requests, one after another, of which the latency is taken; a small sample is sent again and again."""


def smoke_checks(
    card: Card, url: str, folder: Path, number: int, headers: Mapping[str, str] = NONE
) -> list[Check]:
    """Hold the server at `url` against the version in `folder`; a server that is down fails every check.

    Args:
        headers: by which it is found at that address.
    """
    sample = Sample.read(folder)
    client = Client(url, patience(card), headers)
    try:
        return [
            *contract(client, card.name, number),
            *parity(client, sample, number),
            typed(client, sample, number),
            malformed(client, sample),
            latency(client, sample, card.problem.p99_latency_ms),
        ]
    finally:
        client.close()


@dataclass(frozen=True)
class Sample:
    """Requests that were scored at training time, and how the version reads them.

    Of its card only that is read: rules that came later, such as about gates, may refuse older cards.

    Attributes:
        system: whose version it is.
        columns: what its requests consist of.
        task: what its answers are.
        rows: one row per option, with the score of training.
        bounds: int64 [requests + 1]; first row of each request.
        offers: the body of each request.
        tolerance: how far a served score may lie from that of training.
    """

    system: str
    columns: Columns
    task: Task
    rows: pa.Table
    bounds: NDArray[np.int64]
    offers: list[bytes]
    tolerance: float

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read what lies in a version's folder."""
        card = orjson.loads((folder / CARD).read_bytes())
        columns = Columns.model_validate_json(orjson.dumps({"columns": card["data"]["columns"]}))
        task = bind(card["problem"]["task"], columns, card["evaluation"]["primary"])
        rows = pq.read_table(folder / PARITY)
        bounds = request_bounds(request_codes(rows, columns.column("request")))
        inputs = {name: columns.columns[name] for name in columns.inputs}
        tolerance = read(folder / MANIFEST, Manifest).tolerance
        offers = bodies(inputs, rows, bounds)
        return cls(card["name"], columns, task, rows, bounds, offers, tolerance)

    @property
    def infer(self) -> str:
        """The path of the Open Inference Protocol."""
        return f"/v2/models/{self.system}/infer"

    def scores(self, requests: int) -> NDArray[np.float64]:
        """The scores of training of the first so many requests, [rows] or [rows, k]."""
        return scores_of(self.rows[SCORE])[: self.bounds[requests]]

    def ranks(self) -> NDArray[np.int32]:
        """The ranks that those scores give, as the scores; 1 for all where the task ranks nothing."""
        from slipway.version.answer import ranks

        sizes = np.diff(self.bounds)
        scores = self.scores(len(sizes))
        if not self.task.ranks:
            return np.ones(len(scores), np.int32)
        return ranks(scores, np.repeat(np.arange(len(sizes)), sizes))


def contract(client: Client, system: str, number: int) -> list[Check]:
    """The server lives, is ready, and its metadata names the version."""
    place = f"/v2/models/{system}"
    live, ready = client.get("/v2/health/live"), client.get("/v2/health/ready")
    model_ready, reply = client.get(f"{place}/ready"), client.get(place)
    versions = _json(reply).get("versions")
    return [
        _check("smoke.live", live),
        _check("smoke.ready", ready),
        _check("smoke.model_ready", model_ready),
        Check(
            code="smoke.version",
            passed=reply.status == 200 and versions == [str(number)],
            found=f"status {reply.status}, versions {versions}",
            allowed=f"versions {[str(number)]}",
        ),
    ]


def parity(client: Client, sample: Sample, number: int) -> list[Check]:
    """Rows that were scored at training time get the same scores and ranks, request by request."""
    answers = []
    for body, size in zip(sample.offers, np.diff(sample.bounds).tolist(), strict=True):
        answer = read_answer(client.post(sample.infer, body), size, number, sample.task)
        if isinstance(answer, str):
            return [
                Check(code=code, passed=False, found=answer, allowed="an answer to every request")
                for code in ("smoke.scores", "smoke.ranks")
            ]
        answers.append(answer)
    expected = sample.scores(len(answers))
    worst = float(differences(np.concatenate([answer.scores for answer in answers]), expected).max())
    differ = int((np.concatenate([answer.ranks for answer in answers]) != sample.ranks()).sum())
    return [
        Check(
            code="smoke.scores",
            passed=worst <= sample.tolerance,
            found=f"{len(expected)} rows, largest difference to training {worst:.2g}",
            allowed=f"at most {sample.tolerance:g}",
        ),
        Check(
            code="smoke.ranks",
            passed=differ == 0,
            found=f"{differ} of {len(expected)} ranks differ from training",
            allowed="none",
        ),
    ]


def typed(client: Client, sample: Sample, number: int) -> Check:
    """`/predict` answers one request with the scores of training."""
    expected = sample.scores(1)
    reply = client.post("/predict", typed_body(sample, sample.rows.slice(0, len(expected))))
    content = _json(reply)
    try:
        scores = _typed_scores(sample.task, content["answers"][0])
        same = scores.shape == expected.shape and bool(
            (differences(scores, expected) <= sample.tolerance).all()
        )
        passed = reply.status == 200 and content["version"] == number and same
        found = f"status {reply.status}, version {content['version']}, {'same' if same else 'other'} scores"
    except (KeyError, IndexError, TypeError, ValueError):
        passed, found = False, _said(reply)
    allowed = f"status 200, version {number}, same scores as training"
    return Check(code="smoke.predict", passed=passed, found=found, allowed=allowed)


def _typed_scores(task: Task, answer: dict[str, Any]) -> NDArray[np.float64]:
    """The scores in an answer of `/predict`, in the order of training."""
    if task.form == "number":
        return np.array([answer["value"]], np.float64)
    if task.form == "classes":
        given = {one["class"]: one["score"] for one in answer["classes"]}
        return np.array([[given[name] for name in task.classes]], np.float64)
    options = sorted(answer["options"], key=lambda option: int(option["index"]))
    return np.array([option["score"] for option in options], np.float64)


def typed_body(sample: Sample, rows: pa.Table) -> bytes:
    """The body of `/predict` for one request, whose options are `rows`."""
    columns = {name: sample.columns.columns[name] for name in sample.columns.inputs}
    values = {
        name: (rows[name].cast(pa.timestamp("us")) if column.type == "timestamp" else rows[name]).to_pylist()
        for name, column in columns.items()
    }
    request: dict[str, Any] = {name: values[name][0] for name in columns if columns[name].level == "request"}
    options = [name for name in columns if columns[name].level == "option"]
    if sample.task.form == "options":
        request["options"] = [{name: values[name][row] for name in options} for row in range(rows.num_rows)]
    return orjson.dumps({"requests": [request]})


def malformed(client: Client, sample: Sample) -> Check:
    """Malformed requests are answered with a 4xx, never with a 5xx."""
    wrong = orjson.loads(sample.offers[0])
    wrong["inputs"][0]["data"] = [{} for _ in wrong["inputs"][0]["data"]]
    cases = {
        "no JSON": (sample.infer, b"{"),
        "no tensors": (sample.infer, b'{"inputs": []}'),
        "a wrong type": (sample.infer, orjson.dumps(wrong)),
        "no requests": ("/predict", b"[]"),
        "an unknown model": ("/v2/models/nobody/infer", sample.offers[0]),
    }
    statuses = {name: client.post(*case).status for name, case in cases.items()}
    return Check(
        code="smoke.malformed",
        passed=all(400 <= status < 500 for status in statuses.values()),
        found=", ".join(f"{name}: {status}" for name, status in statuses.items()),
        allowed="4xx for each",
    )


def latency(client: Client, sample: Sample, budget_ms: float) -> Check:
    """The 99th percentile of single requests, one after another, within the budget of the card."""
    allowed = f"p99 at most {budget_ms:g} ms"
    found = []
    for body in islice(cycle(sample.offers), TIMED):
        reply = client.post(sample.infer, body)
        if reply.status != 200:
            return Check(code="smoke.latency", passed=False, found=_said(reply), allowed=allowed)
        found.append(reply.latency_ms)
    p50, p99 = np.quantile(found, [0.5, 0.99])
    return Check(
        code="smoke.latency",
        passed=bool(p99 <= budget_ms),
        found=f"p50 {p50:.1f} ms, p99 {p99:.1f} ms of {TIMED} requests",
        allowed=allowed,
    )


def _check(code: str, reply: Reply) -> Check:
    return Check(code=code, passed=reply.status == 200, found=_said(reply), allowed="status 200")


def _said(reply: Reply) -> str:
    return f"status {reply.status}" + (
        "" if reply.status == 200 else f": {reply.content[:120].decode(errors='replace')}"
    )


def _json(reply: Reply) -> dict[str, Any]:
    try:
        content = orjson.loads(reply.content)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
