"""The typed API: requests in; out come their options ranked, one number each, or classes, best first."""

from typing import Annotated, Any, NotRequired

import numpy as np
import orjson
from pydantic import BaseModel, Field, TypeAdapter, ValidationError, create_model
from typing_extensions import TypedDict

from slipway.serving.refusal import Refusal, invalid
from slipway.serving.served import Served
from slipway.serving.values import list_of, optional, value_type
from slipway.settings import Column
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
    return create_model("Predictions", model=(str, ...), version=(int, ...), answers=(list[each], ...))


def body_type(served: Served) -> TypeAdapter[dict[str, Any]]:
    """The type of the body of `POST /predict`, from the columns of the card.

    Unknown keys are ignored: stable and canary may know different columns and get the same requests.
    """
    columns = served.columns
    options = {name: column for name, column in columns.items() if column.level == "option"}
    request = _fields({name: column for name, column in columns.items() if name not in options})
    many = list_of(_typed_dict("Option", _fields(options)))
    if served.task.form == "options":
        request["options"] = many if options else NotRequired[many]
    most = served.version.card.serving.max_rows
    requests = list_of(_typed_dict("Request", request), Field(max_length=most))
    return TypeAdapter(_typed_dict("PredictBody", {"requests": requests}))


def _typed_dict(name: str, fields: dict[str, Any]) -> Any:
    make: Any = TypedDict  # the card is read at run time, out of a type checker's sight
    return make(name, fields)


def _fields(columns: dict[str, Column]) -> dict[str, Any]:
    return {
        name: NotRequired[value_type(column)] if optional(column) else value_type(column)
        for name, column in columns.items()
    }


def predict(served: Served, body: TypeAdapter[dict[str, Any]], content: bytes) -> bytes:
    """Answer one HTTP body with another.

    Raises:
        Refusal: the body is not what `body_type` says, or has too many options.
    """
    try:
        requests: list[dict[str, Any]] = body.validate_json(content)["requests"]
    except ValidationError as error:
        raise invalid(422, error) from error
    for request in requests:
        # Without options a request is one row, and all of its columns are its own.
        request.setdefault("options", [{}])
    counts = [len(request["options"]) for request in requests]
    check_rows(sum(counts), served)
    groups = np.repeat(np.arange(len(counts)), counts)
    answers = served.answer(served.table(_columns(served, requests)), groups)
    return orjson.dumps(
        {
            "model": served.system,
            "version": served.registered.number,
            "answers": _FORMS[served.task.form](served, requests, answers),
        }
    )


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
