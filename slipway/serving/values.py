"""What a value of each kind of column may be in a request."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import Field, PlainValidator, WithJsonSchema
from pydantic.types import FailFast

from slipway.settings import Column

MAX_TEXT = 1024
"""Characters of a text or a time."""


def _time(value: Any) -> datetime:
    """Tables hold UTC without saying so; a time without an offset is taken as UTC."""
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise ValueError("a time is an ISO 8601 string")
    try:
        time = datetime.fromisoformat(value)
        return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
    except OverflowError as error:
        raise ValueError("out of range once in UTC") from error


# Strict, for pydantic would otherwise take "1" and true for numbers.
Whole = Annotated[int, Field(strict=True, ge=-(2**63), lt=2**63)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Text = Annotated[str, Field(strict=True, max_length=MAX_TEXT)]
Time = Annotated[datetime, PlainValidator(_time), WithJsonSchema({"type": "string", "format": "date-time"})]

KINDS: dict[str, Any] = {"integer": Whole, "number": Number, "string": Text, "timestamp": Time}


def optional(column: Column) -> bool:
    """Whether a request may leave a column out.

    It may lack what the training data may lack. Without a time it is of now; its id is only echoed.
    """
    lacked = column.null_share > 0 or column.severity == "warning" or column.made
    return lacked or column.role in {"time", "request"}


def value_type(column: Column) -> Any:
    """The type of one value; None is allowed where the column is optional."""
    kind = KINDS[column.type]
    return kind | None if optional(column) else kind


def list_of(kind: Any, *bounds: Any) -> Any:
    """A list type of a kind known only at run time; validation ends at the first fault."""
    generic: Any = list
    annotated: Any = Annotated
    return annotated[(generic[kind], FailFast(), *bounds)]
