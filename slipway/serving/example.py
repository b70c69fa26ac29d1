"""A request that a version answers, made from its card, for the OpenAPI document and `slipway request`."""

from typing import Any

from slipway.serving.served import Served
from slipway.settings import Column
from slipway.tasks.columns import OPTIONS

TIME = "2026-01-31T12:00:00Z"
DATATYPES = {"integer": "INT64", "number": "FP64", "string": "BYTES", "timestamp": "BYTES"}


def predict_example(served: Served) -> dict[str, Any]:
    """A body for `POST /predict`: one request, with two options where it has any."""
    request = {name: _value(one) for name, one in served.columns.items() if one.level == "request"}
    option = {name: _value(one) for name, one in served.columns.items() if one.level == "option"}
    if option:
        request[OPTIONS] = [option, option]
    return {"requests": [request]}


def infer_example(served: Served) -> dict[str, Any]:
    """The same for the Open Inference Protocol: one row, a tensor for each column."""
    return {
        "inputs": [
            {"name": name, "shape": [1], "datatype": DATATYPES[one.type], "data": [_value(one)]}
            for name, one in served.columns.items()
        ]
    }


def _value(column: Column) -> Any:
    """A value that the card allows."""
    if column.values:
        return column.values[0]
    if column.type == "timestamp":
        return TIME
    if column.type == "string":
        return "a"
    least = column.min if column.min is not None else min(1.0, column.max if column.max is not None else 1.0)
    return round(least) if column.type == "integer" else least
