"""The typed API: requests in; out come their options ranked, one number each, or classes, best first."""

from collections.abc import Callable, Collection
from typing import Annotated, Any, NotRequired

import numpy as np
import orjson
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, create_model
from typing_extensions import TypedDict

from slipway.serving.names import MOST, Misnamed, Names, few, told
from slipway.serving.parse import parsed
from slipway.serving.refusal import Refusal, invalid
from slipway.serving.served import Served, Unfit
from slipway.serving.values import list_of, value_type
from slipway.settings import Column
from slipway.tasks.columns import OPTIONS
from slipway.version.answer import Answers


class RankedOption(BaseModel):
    """One option of a request."""

    index: Annotated[int, Field(description="its place in the request, from 0")]
    option: Annotated[
        int | float | str | None, Field(description="its id, where the card names an option id")
    ]
    score: Annotated[float, Field(description="by which options are ranked")]
    rank: Annotated[int, Field(description="1 is the best")]
    fallback: Annotated[bool, Field(description="something about it was never seen in training")]


class OptionsAnswer(BaseModel):
    """One request, answered."""

    request_id: int | float | str | None
    fallback: Annotated[bool, Field(description="true where it is for any option")]
    options: Annotated[list[RankedOption], Field(description="best first")]


class NumberAnswer(BaseModel):
    """One request, answered by a number."""

    request_id: int | float | str | None
    fallback: Annotated[bool, Field(description="something about it was never seen in training")]
    value: Annotated[float, Field(description="the expected label")]


class RankedClass(BaseModel):
    """One class that a request may be of."""

    name: Annotated[str, Field(alias="class")]
    score: Annotated[float, Field(description="how probable it is; those of all classes are 1 together")]
    rank: Annotated[int, Field(description="1 is the best")]


class ClassesAnswer(BaseModel):
    """One request, answered by its classes."""

    request_id: int | float | str | None
    fallback: Annotated[bool, Field(description="something about it was never seen in training")]
    classes: Annotated[list[RankedClass], Field(description="best first")]


ANSWERS: dict[str, type[BaseModel]] = {
    "options": OptionsAnswer,
    "number": NumberAnswer,
    "classes": ClassesAnswer,
}
"""What an answer is, by the form that the task has."""


def answer_type(served: Served) -> type[BaseModel]:
    """The type of the answer to `POST /predict`: one per request, in order, and who gave them."""
    each: Any = ANSWERS[served.task.form]  # the card is read at run time, out of a type checker's sight
    unknown: Any = Annotated[
        list[str],
        Field(max_length=MOST, description="names in the requests that no column has; absent without any"),
    ]
    return create_model(
        "Predictions",
        model=(str, ...),
        version=(int, ...),
        answers=(list[each], ...),
        unknown=(unknown, []),
    )


def body_type(served: Served) -> TypeAdapter[dict[str, Any]]:
    """The type of the body of `POST /predict`, from the columns of the card.

    Unknown keys are allowed: stable and canary may know different columns and get the same requests.
    """
    own, options = _levels(served)
    request = _fields(served, own)
    many = list_of(_typed_dict("Option", _fields(served, options)))
    if served.task.form == "options":
        request[OPTIONS] = many if options else NotRequired[many]
    most = served.version.card.serving.max_rows
    requests = list_of(_typed_dict("Request", request), Field(max_length=most))
    return TypeAdapter(_typed_dict("PredictBody", {"requests": requests}))


def _levels(served: Served) -> tuple[dict[str, Column], dict[str, Column]]:
    """The columns of a request itself, and those of each of its options."""
    options = {name: column for name, column in served.columns.items() if column.level == "option"}
    return {name: column for name, column in served.columns.items() if name not in options}, options


def _typed_dict(name: str, fields: dict[str, Any]) -> Any:
    make: Any = TypedDict  # the card is read at run time, out of a type checker's sight
    made = make(name, fields)
    # Other names are told from the body as it was sent; a copy of them would only take memory.
    made.__pydantic_config__ = ConfigDict(extra="ignore", json_schema_extra={"additionalProperties": True})
    return made


def _fields(served: Served, columns: dict[str, Column]) -> dict[str, Any]:
    kinds = {name: value_type(column, served.cleaning, served.written) for name, column in columns.items()}
    return {
        name: NotRequired[kinds[name]] if column.optional else kinds[name] for name, column in columns.items()
    }


class Typed:
    """Reads typed requests to one version, and answers them."""

    def __init__(self, served: Served, note: Callable[[int], None] = lambda _: None) -> None:
        """Take a version.

        Args:
            note: takes how many unknown names a body has.
        """
        self.served, self.note = served, note
        self.body = body_type(served)
        own, options = _levels(served)
        fields: dict[str, Column | None] = {
            **own,
            **({OPTIONS: None} if served.task.form == "options" else {}),
        }
        self.has_options = OPTIONS in fields
        self.request = Names(fields, options, "each option")
        self.option = Names(options, own, "the request")
        required = {name for name, column in served.columns.items() if not column.optional}
        inputs = self.request.inputs | self.option.inputs
        # Where one is required, no body lacks all of them.
        self.may_be_empty = required.isdisjoint(inputs)

    def predict(self, content: bytes) -> bytes:
        """Answer one HTTP body with another.

        Raises:
            Refusal: the body is not what `body_type` says, names a column as the table does, names no input,
                or has too many options.
        """
        sent = parsed(content, self.served.version.card.serving.max_rows, 422)
        check_rows(self._rows(sent), self.served)
        try:
            requests: list[dict[str, Any]] = self.body.validate_python(sent)["requests"]
        except ValidationError as error:
            raise invalid(422, error) from error
        unknown = self._unknown(requests, sent["requests"])
        counts = [len(request[OPTIONS]) for request in requests]
        groups = np.repeat(np.arange(len(counts)), counts)
        # A request without options has no row, and is held against its columns all the same.
        bare = np.flatnonzero(np.equal(counts, 0))
        if bare.size:
            self._table(_own_columns(self.served, [requests[number] for number in bare]), bare)
        answers = self.served.answer(self._table(_columns(self.served, requests), groups), groups)
        return orjson.dumps(
            {
                "model": self.served.system,
                "version": self.served.registered.number,
                "answers": _FORMS[self.served.task.form](self.served, requests, answers),
                **({"unknown": told(unknown)} if unknown else {}),
            }
        )

    def _table(self, columns: dict[str, list[Any]], groups: NDArray[np.int64]) -> pa.Table:
        """The rows as training saw them; `groups` says of which request each is."""
        try:
            return self.served.table(columns)
        except Unfit as error:
            place = self._place(error, groups)
            raise Refusal(422, f"requests.{place}.{error.column}: {error}") from error

    def _rows(self, sent: Any) -> int:
        """How many rows a body has that nobody has checked yet; a request that is none counts as one."""
        requests = sent.get("requests") if isinstance(sent, dict) else None
        if not isinstance(requests, list):
            return 0
        options = (one.get(OPTIONS) for one in requests if isinstance(one, dict) and self.has_options)
        return len(requests) + sum(len(some) - 1 for some in options if isinstance(some, list))

    def _unknown(self, requests: list[dict[str, Any]], sent: list[dict[str, Any]]) -> set[str]:
        """The names that no column has; from here on every request has options, its own or an empty one."""
        unknown: set[str] = set()
        for number, (request, whole) in enumerate(zip(requests, sent, strict=True)):
            if not whole.keys() <= self.request.known:
                self._add_unknown(unknown, self.request, whole, f"requests.{number}")
            # Without options a request is one row, and all of its columns are its own.
            request.setdefault(OPTIONS, [{}])
            for place, option in enumerate(whole.get(OPTIONS, []) if self.has_options else []):
                if not option.keys() <= self.option.known:
                    where = f"requests.{number}.options.{place}"
                    self._add_unknown(unknown, self.option, option, where)
            if self.may_be_empty and self.request.inputs.isdisjoint(request):
                self._require_inputs(number, request)
        if unknown:
            self.note(len(unknown))
        return unknown

    def _add_unknown(self, unknown: set[str], names: Names, found: dict[str, Any], place: str) -> None:
        try:
            unknown |= names.unknown(found)
            few(unknown)
        except Misnamed as error:
            raise Refusal(422, f"{place}: {error}") from error

    def _require_inputs(self, number: int, request: dict[str, Any]) -> None:
        for option in request[OPTIONS]:
            if self.option.inputs.isdisjoint(option):
                expected = self.request.inputs | self.option.inputs
                # guard serve.no_input
                raise Refusal(422, f"requests.{number}: {no_input(expected)}")

    def _place(self, error: Unfit, groups: NDArray[np.int64]) -> str:
        """Where a row stands in the body."""
        number = int(groups[error.row])
        if error.column not in self.option.known:
            return str(number)
        return f"{number}.options.{error.row - int(np.searchsorted(groups, number))}"


def no_input(expected: Collection[str]) -> str:
    """What is said of a row that names no input."""
    return f"no input of this model, expected any of {', '.join(told(expected))}; null where it is missing"


def check_rows(rows: int, served: Served) -> None:
    """Refuse more options than the card allows in one HTTP request."""
    if rows > (limit := served.version.card.serving.max_rows):
        # guard serve.rows
        raise Refusal(413, f"{rows} options in one request; serving.max_rows allows {limit}")


def _columns(served: Served, requests: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {
        name: [option.get(name) for request in requests for option in request["options"]]
        if column.level == "option"
        else [request.get(name) for request in requests for _ in request["options"]]
        for name, column in served.columns.items()
    }


def _own_columns(served: Served, requests: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """What is no option's, a row for each request."""
    return {
        name: [request.get(name) for request in requests]
        for name, column in served.columns.items()
        if column.level != "option"
    }


def _options(served: Served, requests: list[dict[str, Any]], answers: Answers) -> list[dict[str, Any]]:
    data = served.version.card.data
    id_column, option_column = data.column("request") or "", data.column("option") or ""
    rows = zip(answers.scores.tolist(), answers.ranks.tolist(), answers.fallback.tolist(), strict=True)
    found = []
    for request in requests:
        options = [
            {
                "index": index,
                "option": option.get(option_column),
                "score": score,
                "rank": place,
                "fallback": fallback,
            }
            # `rows` goes on from request to request. It stands second: zip asks the first for the end, and
            # would otherwise take a row that belongs to the next request.
            for (index, option), (score, place, fallback) in zip(
                enumerate(request["options"]), rows, strict=False
            )
        ]
        options.sort(key=lambda option: option["rank"])
        fallback = any(option["fallback"] for option in options)
        found.append({"request_id": request.get(id_column), "fallback": fallback, "options": options})
    return found


def _numbers(served: Served, requests: list[dict[str, Any]], answers: Answers) -> list[dict[str, Any]]:
    id_column = served.version.card.data.column("request") or ""
    rows = zip(requests, answers.fallback.tolist(), answers.scores.tolist(), strict=True)
    return [
        {"request_id": request.get(id_column), "fallback": fallback, "value": value}
        for request, fallback, value in rows
    ]


def _classes(served: Served, requests: list[dict[str, Any]], answers: Answers) -> list[dict[str, Any]]:
    id_column, names = served.version.card.data.column("request") or "", served.task.classes
    found = []
    rows = zip(
        requests, answers.fallback.tolist(), answers.scores.tolist(), answers.ranks.tolist(), strict=True
    )
    for request, fallback, scores, ranks in rows:
        classes = [
            {"class": name, "score": score, "rank": place}
            for name, score, place in zip(names, scores, ranks, strict=True)
        ]
        classes.sort(key=lambda one: one["rank"])
        found.append({"request_id": request.get(id_column), "fallback": fallback, "classes": classes})
    return found


_FORMS = {"options": _options, "number": _numbers, "classes": _classes}
