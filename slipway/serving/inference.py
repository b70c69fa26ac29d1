"""The Open Inference Protocol, version 2, over JSON: one tensor per column in, scores and ranks out.

The score of a row is a number of the task: by which options are ranked, or the answer itself, or one for each
class, in the order that the metadata gives. Where there is nothing to rank there are no ranks.
"""

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import BaseModel, Field, NonNegativeInt, TypeAdapter, ValidationError

from slipway.serving.predict import check_rows
from slipway.serving.refusal import Refusal, invalid
from slipway.serving.served import Served
from slipway.serving.values import MAX_TEXT, list_of, optional, value_type
from slipway.version.answer import Answers

DATATYPES = {
    "integer": ("INT64", "INT32"),
    "number": ("FP64", "FP32", "INT64", "INT32"),
    "string": ("BYTES",),
    "timestamp": ("BYTES",),
}
"""What a column of each type may be sent as; the first is what the metadata says."""

SCORE, RANK, FALLBACK = "score", "rank", "fallback"
OUTPUTS = {SCORE: "FP64", RANK: "INT32", FALLBACK: "BOOL"}

BINARY = "binary tensors are not supported; send the values as JSON in `data`"


Parameters = Annotated[dict[str, str | bool | int | float], Field(max_length=64)]


class Tensor(BaseModel):
    """The values of one column."""

    name: Annotated[str, Field(max_length=MAX_TEXT)]
    shape: Annotated[list[NonNegativeInt], Field(min_length=1, max_length=2)]
    datatype: Annotated[str, Field(max_length=16)]
    parameters: Parameters = {}
    data: list[Any]


class WantedOutput(BaseModel):
    """An output that the client asks for."""

    name: Annotated[str, Field(max_length=MAX_TEXT)]
    parameters: Parameters = {}


class InferBody(BaseModel):
    """The body of `POST /v2/models/{name}/infer`; rows with the same request id are ranked together."""

    id: Annotated[str | None, Field(max_length=MAX_TEXT)] = None
    parameters: Parameters = {}
    inputs: list[Tensor]
    outputs: list[WantedOutput] | None = None


class OutputTensor(BaseModel):
    """One answer per row."""

    name: str
    shape: list[int]
    datatype: str
    data: list[float | int | bool]


class InferAnswer(BaseModel):
    """The outputs and who gave them."""

    model_name: str
    model_version: str
    id: str | None = None
    outputs: list[OutputTensor]


class Protocol:
    """Reads tensors as requests to one version, and answers with tensors."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.lists: dict[str, TypeAdapter[list[Any]]] = {
            name: TypeAdapter(list_of(value_type(column))) for name, column in served.columns.items()
        }
        self.width = list(served.task.width)
        self.outputs = [name for name in OUTPUTS if name != RANK or served.task.ranks]

    def metadata(self) -> dict[str, Any]:
        """What `GET /v2/models/{name}` says."""
        inputs = {name: DATATYPES[column.type][0] for name, column in self.served.columns.items()}
        classes = self.served.task.classes
        return {
            "name": self.served.system,
            "versions": [str(self.served.registered.number)],
            "platform": "slipway",
            "inputs": [_tensor(name, datatype) for name, datatype in inputs.items()],
            "outputs": [_tensor(name, OUTPUTS[name], self._width(name)) for name in self.outputs],
            **({"parameters": {"classes": classes}} if classes else {}),
        }

    def infer(self, content: bytes) -> bytes:
        """Answer one HTTP body with another.

        Raises:
            Refusal: a tensor is missing, malformed or not of a type that its column takes.
        """
        try:
            body = InferBody.model_validate_json(content)
        except ValidationError as error:
            raise invalid(400, error) from error
        wanted = self._wanted(body)
        table, groups = self.table(body)
        return orjson.dumps(
            {
                "model_name": self.served.system,
                "model_version": str(self.served.registered.number),
                **({"id": body.id} if body.id is not None else {}),
                "outputs": self._outputs(self.served.answer(table, groups), wanted),
            },
            option=orjson.OPT_SERIALIZE_NUMPY,
        )

    def table(self, body: InferBody) -> tuple[pa.Table, NDArray[np.int64]]:
        """The rows, and int64 [rows] in which the options of one request have equal numbers.

        Raises:
            Refusal: a tensor is missing or malformed, or there are more rows than the card allows.
        """
        tensors = {tensor.name: tensor for tensor in body.inputs}
        if len(tensors) < len(body.inputs):
            raise Refusal(400, "inputs: two tensors have the same name")  # guard serve.tensors
        known = {name: self._values(name, tensors[name]) for name in self.lists if name in tensors}
        rows = len(next(iter(known.values()), []))
        check_rows(rows, self.served)
        for name, values in known.items():
            if len(values) != rows:
                # guard serve.tensors
                raise Refusal(400, f"{name}: {len(values)} rows, the first tensor has {rows}")
        columns = {name: known[name] if name in known else self._absent(name, rows) for name in self.lists}
        table = self.served.table(columns)
        # Without ids all rows are options of one request.
        request = self.served.version.card.data.column("request")
        return table, _groups(table[request]) if request in known else np.zeros(rows, np.int64)

    def _width(self, output: str) -> list[int]:
        return [] if output == FALLBACK else self.width

    def _wanted(self, body: InferBody) -> list[str]:
        if body.parameters.get("binary_data_output"):
            raise Refusal(400, f"parameters.binary_data_output: {BINARY}")  # guard serve.tensors
        for output in body.outputs or []:
            if output.name not in self.outputs:
                # guard serve.tensors
                raise Refusal(
                    400, f"outputs: no output {output.name!r}, expected {' or '.join(self.outputs)}"
                )
            if output.parameters.get("binary_data"):
                raise Refusal(400, f"outputs: {output.name}: {BINARY}")  # guard serve.tensors
        return [output.name for output in body.outputs or []] or self.outputs

    def _outputs(self, answers: Answers, wanted: list[str]) -> list[dict[str, Any]]:
        """Tensors; the values of one of two dimensions come row by row."""
        values: dict[str, NDArray[Any]] = {
            SCORE: answers.scores,
            RANK: answers.ranks,
            FALLBACK: answers.fallback,
        }
        return [
            {
                "name": name,
                "shape": [len(answers.fallback), *self._width(name)],
                "datatype": OUTPUTS[name],
                "data": values[name].ravel(),
            }
            for name in wanted
        ]

    def _absent(self, name: str, rows: int) -> list[None]:
        if not optional(self.served.columns[name]):
            raise Refusal(400, f"{name}: missing from inputs")  # guard serve.tensors
        return [None] * rows

    def _values(self, name: str, tensor: Tensor) -> list[Any]:
        allowed = DATATYPES[self.served.columns[name].type]
        if "binary_data_size" in tensor.parameters:
            raise Refusal(400, f"{name}: {BINARY}")
        if tensor.datatype not in allowed:
            # guard serve.tensors
            raise Refusal(400, f"{name}: datatype {tensor.datatype}, expected {' or '.join(allowed)}")
        data = tensor.data
        # The protocol lets a tensor of [n, 1] come flat or row by row.
        if len(tensor.shape) == 2 and data and all(isinstance(row, list) and len(row) == 1 for row in data):
            data = [row[0] for row in data]
        if tensor.shape not in ([len(data)], [len(data), 1]):
            # guard serve.tensors
            raise Refusal(400, f"{name}: shape {tensor.shape} for {len(data)} values, expected [n] or [n, 1]")
        try:
            return self.lists[name].validate_python(data)
        except ValidationError as error:
            raise invalid(400, error, prefix=name) from error


def _tensor(name: str, datatype: str, width: Sequence[int] = ()) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": [-1, *width]}


def _groups(ids: pa.ChunkedArray) -> NDArray[np.int64]:
    # "encode" gives missing ids a code of their own; masked, they would have none.
    indices = pc.dictionary_encode(ids.combine_chunks(), null_encoding="encode").indices
    return np.asarray(indices.to_numpy(), dtype=np.int64)
