"""Requests made from the served OpenAPI document, sound and unsound ones, by schemathesis."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, negative_data_rejection, positive_data_acceptance

from slipway.serving.app import build
from slipway.serving.served import Served

SOUND, UNSOUND = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
PLAIN = [("get", path) for path in ("/v2", "/v2/health/live", "/v2/health/ready")]
MODEL = [
    (method, f"/v2/models/{{name}}{version}{end}")
    for version in ("", "/versions/{version}")
    for method, end in (("get", ""), ("get", "/ready"), ("post", "/infer"))
]
TAKING = [("post", "/predict"), *MODEL]
"""The operations that take anything, so that there are unsound requests."""


@pytest.fixture(scope="module")
def api(served: Served) -> Any:
    """The document, and the application that serves it, in this process."""
    return schemathesis.openapi.from_asgi("/openapi.json", build(served))


def test_these_are_all_operations(api: Any) -> None:
    """None is left out below."""
    described = [(found.ok().method, found.ok().path) for found in api.get_all_operations()]

    assert sorted(described) == sorted(PLAIN + TAKING)


@pytest.mark.parametrize(
    ("method", "path", "mode"),
    [(*operation, SOUND) for operation in PLAIN + TAKING] + [(*operation, UNSOUND) for operation in TAKING],
)
def test_every_answer_is_as_described(api: Any, method: str, path: str, mode: GenerationMode) -> None:
    """No server error; status, type and body as in the document; sound accepted, unsound refused.

    Which tensors a model takes its metadata says, not the document, so a body of `infer` that fits the
    document may well be refused.
    """
    lacking = [positive_data_acceptance] if path.endswith("/infer") else []
    statuses = set()

    @seed(0)
    @settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=api[path][method].as_strategy(generation_mode=mode))
    def run(case: Any) -> None:
        response = case.call()
        statuses.add(response.status_code)
        # A body that is too large is refused by its size: schemathesis takes 413 for no refusal.
        too_large = [negative_data_rejection] if response.status_code == 413 else []
        case.validate_response(response, excluded_checks=lacking + too_large)

    run()
    assert {"not_a_server_error", "negative_data_rejection", "response_schema_conformance"} <= set(
        CHECKS.get_all_names()
    )
    assert statuses <= {200, 400, 404, 405, 413, 422}
