"""The HTTP routes: thin, each reads a body and hands it on."""

from collections.abc import Collection
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import TypeAdapter
from starlette.exceptions import HTTPException

import slipway
from slipway.serving.body import Bodies
from slipway.serving.example import infer_example, predict_example
from slipway.serving.inference import BINARY, InferAnswer, InferBody, Protocol
from slipway.serving.metrics import Measured, Metrics
from slipway.serving.predict import Typed, answer_type
from slipway.serving.refusal import ErrorBody, Refusal
from slipway.serving.served import Served
from slipway.serving.telling import BOTH, METRICS, OPENAPI

SCHEMAS = "#/components/schemas/{model}"
MODELS = ("/v2/models/{name}", "/v2/models/{name}/versions/{version}")


def build(served: Served, shown: Collection[str] = BOTH) -> FastAPI:
    """The application that serves one version; its metrics are `state.metrics`.

    Args:
        shown: what it tells beside its answers.
    """
    app = FastAPI(
        title=served.system,
        version=str(served.registered.number),
        openapi_url="/openapi.json" if OPENAPI in shown else None,
        docs_url=None,  # its page loads scripts from a foreign host
        redoc_url=None,
        redirect_slashes=False,
        responses={"4XX": {"model": ErrorBody, "description": "What is wrong, by the name of its field"}},
    )
    metrics = app.state.metrics = Metrics(served.system, served.registered.number)
    app.add_middleware(Measured, metrics=metrics)
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(HTTPException, _failed)
    typed, protocol = Typed(served, metrics.unknown), Protocol(served, metrics.unknown)
    bodies = Bodies(served.version.card.serving.max_rows)
    _add_root(app)
    _describe_bodies(app, {"PredictBody": typed.body, "InferBody": TypeAdapter(InferBody)})
    _add_predict(app, typed, bodies)
    _add_protocol(app, served, protocol)
    _add_infer(app, served, protocol, bodies)
    if METRICS in shown:
        _add_metrics(app, metrics)
    return app


def _add_root(app: FastAPI) -> None:
    told = {"predict": "/predict", "protocol": "/v2"}
    if app.openapi_url is not None:
        told["openapi"] = app.openapi_url

    # Where to go on, and no more: an image names neither its columns nor its version here.
    @app.get("/", include_in_schema=False)
    def root() -> dict[str, str]:
        return told


def _add_metrics(app: FastAPI, metrics: Metrics) -> None:
    @app.get("/metrics", include_in_schema=False)
    def exposition() -> Response:
        return Response(metrics.exposition(), media_type=CONTENT_TYPE_LATEST)


def _add_predict(app: FastAPI, typed: Typed, bodies: Bodies) -> None:
    answered: dict[int | str, dict[str, Any]] = {200: {"model": answer_type(typed.served)}}

    @app.post(
        "/predict",
        responses=answered,
        openapi_extra=_body("PredictBody", predict_example(typed.served)),
    )
    async def answer(request: Request) -> Response:
        """Answer each request."""
        # Not in a thread: one body is parsed at a time, which bounds the memory that parsing takes.
        return _json(typed.predict(await bodies.read(request)))


def _add_infer(app: FastAPI, served: Served, protocol: Protocol, bodies: Bodies) -> None:
    async def infer(request: Request) -> Response:
        """Score and rank the rows of the input tensors."""
        _check(served, request)
        if "inference-header-content-length" in request.headers:
            raise Refusal(400, f"Inference-Header-Content-Length: {BINARY}")  # guard serve.tensors
        return _json(protocol.infer(await bodies.read(request)))

    for path in MODELS:
        extra = _parameters(path, served) | _body("InferBody", infer_example(served))
        app.post(f"{path}/infer", responses={200: {"model": InferAnswer}}, openapi_extra=extra)(infer)


def _add_protocol(app: FastAPI, served: Served, protocol: Protocol) -> None:
    @app.get("/v2")
    async def server() -> dict[str, Any]:
        return {"name": "slipway", "version": slipway.__version__, "extensions": []}

    @app.get("/v2/health/live")
    async def live() -> dict[str, bool]:
        return {"live": True}

    @app.get("/v2/health/ready")
    async def ready() -> dict[str, bool]:
        return {"ready": True}

    async def model(request: Request) -> dict[str, Any]:
        _check(served, request)
        return protocol.metadata()

    async def model_ready(request: Request) -> dict[str, Any]:
        _check(served, request)
        return {"name": served.system, "ready": True}

    for path in MODELS:
        app.get(path, openapi_extra=_parameters(path, served))(model)
        app.get(f"{path}/ready", openapi_extra=_parameters(path, served))(model_ready)


def _check(served: Served, request: Request) -> None:
    name, version = request.path_params["name"], request.path_params.get("version")
    if name != served.system:
        raise Refusal(404, f"model {name[:80]!r}: this server has {served.system!r}")  # guard serve.model
    if version is not None and version != str(served.registered.number):
        # guard serve.model
        raise Refusal(404, f"version {version[:80]!r}: this server has {served.registered.number}")


def _json(content: bytes) -> Response:
    return Response(content, media_type="application/json")


async def _refused(_: Request, error: Exception) -> Response:
    status, reason = (error.status, error.reason) if isinstance(error, Refusal) else (500, str(error))
    return JSONResponse({"error": reason}, status)


async def _failed(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


def _body(name: str, example: dict[str, Any]) -> dict[str, Any]:
    content = {"schema": {"$ref": SCHEMAS.format(model=name)}, "example": example}
    return {"requestBody": {"required": True, "content": {"application/json": content}}}


def _parameters(path: str, served: Served) -> dict[str, Any]:
    here = {"name": served.system, "version": str(served.registered.number)}
    return {
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string", "enum": [value]}}
            for name, value in here.items()
            if f"{{{name}}}" in path
        ]
    }


def _describe_bodies(app: FastAPI, bodies: dict[str, TypeAdapter[Any]]) -> None:
    """Bodies are validated straight from their bytes, so FastAPI does not know their schemas."""
    derive = app.openapi

    def openapi() -> dict[str, Any]:
        schema = derive()
        inputs = [(name, "validation", adapter) for name, adapter in bodies.items()]
        _, definitions = TypeAdapter.json_schemas(inputs, ref_template=SCHEMAS)  # type: ignore[arg-type]
        schema.setdefault("components", {}).setdefault("schemas", {}).update(definitions["$defs"])
        return schema

    app.openapi = openapi  # type: ignore[method-assign]
