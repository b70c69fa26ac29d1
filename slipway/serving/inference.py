"""The Open Inference Protocol, version 2, over JSON: one tensor per column in, scores and ranks out.

The score of a row is a number of the task: by which options are ranked, or the answer itself, or one for each
class, in the order that the metadata gives. Where there is nothing to rank there are no ranks.
"""

import base64
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, Field, NonNegativeInt, TypeAdapter, ValidationError
from pydantic.types import FailFast

from slipway.serving.counted import is_counted
from slipway.serving.names import Misnamed, Names, told
from slipway.serving.parse import parsed
from slipway.serving.predict import check_rows, no_input
from slipway.serving.refusal import Refusal, invalid, short
from slipway.serving.served import Served, Unfit
from slipway.serving.values import list_of, value_type
from slipway.version.answer import Answers

WHOLE = ("INT64", "INT32", "INT16", "INT8", "UINT64", "UINT32", "UINT16", "UINT8")
DECIMAL = ("FP64", "FP32", "FP16")
DATATYPES = {
    # pandas holds whole numbers of which some are missing as decimal ones
    "integer": WHOLE + DECIMAL,
    "number": DECIMAL + WHOLE,
    "string": ("BYTES",),
    "timestamp": ("BYTES",),
}
"""What a column of each type may be sent as; the first is what the metadata says."""
BASE64, PLAIN = "base64", ("str", "np", "pd", "hf", "datetime")
"""What `content_type` may say of a tensor: how its texts are encoded, or that they are what they are."""

UNKNOWN = "unknown_inputs"
SCORE, RANK, FALLBACK = "score", "rank", "fallback"
OUTPUTS = {SCORE: "FP64", RANK: "INT32", FALLBACK: "BOOL"}

BINARY = "binary tensors are not supported; send JSON in `data`, in many clients by binary_data=False"
BINARY_OUTPUT = "answers are JSON; name each output that is wanted, with binary_data false"
MAX_PARAMETERS = 64
MAX_NAME = 1024
"""Characters of a name or an id."""


def _few(parameters: Any) -> Any:
    """Counted before they are validated, for each that is wrong is noted once for each type it might be."""
    if isinstance(parameters, dict) and len(parameters) > MAX_PARAMETERS:
        raise ValueError(f"at most {MAX_PARAMETERS} are expected")  # guard serve.few
    return parameters


Parameter = str | bool | int | float | None
Parameters = Annotated[dict[str, Parameter] | None, Field(max_length=MAX_PARAMETERS), BeforeValidator(_few)]
"""Clients that are generated send an optional field as null; then it is absent."""


class Tensor(BaseModel):
    """The values of one column."""

    name: Annotated[str, Field(max_length=MAX_NAME)]
    shape: Annotated[list[NonNegativeInt], Field(min_length=1, max_length=2)]
    datatype: Annotated[str, Field(max_length=16)]
    parameters: Parameters = None
    data: list[Any]


class WantedOutput(BaseModel):
    """An output that the client asks for."""

    name: Annotated[str, Field(max_length=MAX_NAME)]
    parameters: Parameters = None


class InferBody(BaseModel):
    """The body of `POST /v2/models/{name}/infer`; rows with the same request id are ranked together."""

    id: Annotated[str | None, Field(max_length=MAX_NAME)] = None
    parameters: Parameters = None
    inputs: Annotated[list[Tensor], FailFast()]
    outputs: Annotated[list[WantedOutput] | None, Field(max_length=len(OUTPUTS))] = None


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
    parameters: Annotated[
        dict[str, str] | None, Field(description=f"`{UNKNOWN}`: tensors that no column has, by name")
    ] = None


class Protocol:
    """Reads tensors as requests to one version, and answers with tensors."""

    def __init__(self, served: Served, note: Callable[[int], None] = lambda _: None) -> None:
        """Take a version.

        Args:
            note: takes how many unknown tensors a body has.
        """
        self.served, self.note = served, note
        self.names = Names(served.columns, {}, "")
        self.lists: dict[str, TypeAdapter[list[Any]]] = {
            name: TypeAdapter(list_of(value_type(column, served.cleaning, served.written)))
            for name, column in served.columns.items()
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
            body = InferBody.model_validate(parsed(content, self.served.version.card.serving.max_rows, 400))
        except ValidationError as error:
            raise invalid(400, error) from error
        wanted = self._wanted(body)
        unknown = self._unknown(body)
        table, groups = self.table(body)
        return orjson.dumps(
            {
                "model_name": self.served.system,
                "model_version": str(self.served.registered.number),
                **({"id": body.id} if body.id is not None else {}),
                "outputs": self._outputs(self.served.answer(table, groups), wanted),
                **({"parameters": {UNKNOWN: ", ".join(told(unknown))}} if unknown else {}),
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
        if self.names.inputs.isdisjoint(tensors):
            raise Refusal(400, f"inputs: {no_input(self.names.inputs)}")  # guard serve.no_input
        encoding = (body.parameters or {}).get("content_type")
        known = {name: self._values(name, tensors[name], encoding) for name in self.lists if name in tensors}
        rows = len(next(iter(known.values()), []))
        for name, values in known.items():
            if len(values) != rows:
                # guard serve.tensors
                raise Refusal(400, f"{name}: {len(values)} rows, the first tensor has {rows}")
        columns = {name: known[name] if name in known else self._absent(name, rows) for name in self.lists}
        try:
            table = self.served.table(columns)
        except Unfit as error:
            raise Refusal(400, f"{error.column}.{error.row}: {error}") from error
        # Without ids all rows are options of one request.
        request = self.served.version.card.data.column("request")
        return table, _groups(table[request]) if request in known else np.zeros(rows, np.int64)

    def _unknown(self, body: InferBody) -> set[str]:
        try:
            unknown = self.names.unknown({tensor.name for tensor in body.inputs})
        except Misnamed as error:
            raise Refusal(400, f"inputs: {error}") from error
        if unknown:
            self.note(len(unknown))
        return unknown

    def _width(self, output: str) -> list[int]:
        return [] if output == FALLBACK else self.width

    def _wanted(self, body: InferBody) -> list[str]:
        if (body.parameters or {}).get("binary_data_output"):
            raise Refusal(400, f"parameters.binary_data_output: {BINARY_OUTPUT}")  # guard serve.tensors
        wanted = [output.name for output in body.outputs or []]
        if len(set(wanted)) < len(wanted):
            raise Refusal(400, "outputs: two have the same name")  # guard serve.tensors
        for output in body.outputs or []:
            if output.name not in self.outputs:
                # guard serve.tensors
                raise Refusal(
                    400, f"outputs: no output {output.name!r}, expected {' or '.join(self.outputs)}"
                )
            if (output.parameters or {}).get("binary_data"):
                raise Refusal(400, f"outputs: {output.name}: {BINARY_OUTPUT}")  # guard serve.tensors
        return wanted or self.outputs

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
        if not self.served.columns[name].optional:
            raise Refusal(400, f"{name}: missing from inputs")  # guard serve.tensors
        return [None] * rows

    def _values(self, name: str, tensor: Tensor, encoding: Parameter) -> list[Any]:
        kind, parameters = self.served.columns[name].type, tensor.parameters or {}
        is_number = kind == "timestamp" and is_counted(self.served.written)
        allowed = DATATYPES[kind] + (DATATYPES["number"] if is_number else ())
        if parameters.get("binary_data_size") is not None:
            raise Refusal(400, f"{name}: {BINARY}")
        if tensor.datatype.upper() not in allowed:
            # guard serve.tensors
            raise Refusal(400, f"{name}: datatype {tensor.datatype}, expected {' or '.join(allowed)}")
        data = tensor.data
        check_rows(len(data), self.served)
        # The protocol lets a tensor of [n, 1] come flat or row by row.
        if len(tensor.shape) == 2 and data and all(isinstance(row, list) and len(row) == 1 for row in data):
            data = [row[0] for row in data]
        if tensor.shape not in ([len(data)], [len(data), 1]):
            # guard serve.tensors
            raise Refusal(400, f"{name}: shape {tensor.shape} for {len(data)} values, expected [n] or [n, 1]")
        is_text = tensor.datatype.upper() in DATATYPES["string"]
        data = _decoded(name, data, parameters.get("content_type") or encoding, is_text)
        try:
            return self.lists[name].validate_python(data)
        except ValidationError as error:
            raise invalid(400, error, prefix=name) from error


def _decoded(name: str, data: list[Any], encoding: Parameter, is_text: bool) -> list[Any]:
    """The values as they are without the encoding that the client declares."""
    if encoding is None or encoding in PLAIN:
        return data
    if encoding != BASE64 or not is_text:
        taken = PLAIN + ((BASE64,) if is_text else ())
        # guard serve.content_type
        raise Refusal(400, f"{name}: content_type {short(encoding)}, expected {' or '.join(taken)}")
    try:
        return [
            base64.b64decode(one, validate=True).decode() if isinstance(one, str) else one for one in data
        ]
    except ValueError as error:
        raise Refusal(400, f"{name}: no base64 of UTF-8 text: {error}") from error  # guard serve.content_type


def _tensor(name: str, datatype: str, width: Sequence[int] = ()) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": [-1, *width]}


def _groups(ids: pa.ChunkedArray) -> NDArray[np.int64]:
    # "encode" gives missing ids a code of their own; masked, they would have none.
    indices = pc.dictionary_encode(ids.combine_chunks(), null_encoding="encode").indices
    return np.asarray(indices.to_numpy(), dtype=np.int64)
