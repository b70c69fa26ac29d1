"""What a value of each kind of column may be in a request.

Of a table of the user's own a request may hold what its rows hold: blanks and the card's marks are missing,
in columns of numbers too, and NaN is. JSON has one kind of number, so 3.0 is a whole one.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from math import isnan
from typing import Annotated, Any

import pyarrow as pa
from pydantic import GetPydanticSchema
from pydantic.types import FailFast
from pydantic_core import core_schema

from slipway.serving.counted import bounds, counted, is_counted
from slipway.settings import Column
from slipway.system.cleaning import EARLIEST, LONGEST, Cleaning

LEAST, BEYOND = -(2**63), 2**63
EXACT = 2**53
"""Up to here a decimal number tells which whole one is meant."""
KINDS: dict[str, tuple[list[core_schema.CoreSchema], str]] = {
    # Strict, for pydantic would otherwise take "1" and true for numbers.
    "integer": (
        [
            core_schema.int_schema(strict=True, ge=LEAST, lt=BEYOND),
            core_schema.float_schema(strict=True, ge=-EXACT, le=EXACT, multiple_of=1),
        ],
        "a whole number of 64 bits",
    ),
    "number": ([core_schema.float_schema(strict=True, allow_inf_nan=False)], "a finite number"),
    "string": ([core_schema.str_schema(strict=True)], "a text"),
    "timestamp": ([core_schema.str_schema(strict=True)], "a time as text, such as 2026-01-31T12:00:00Z"),
}
"""By the type of a column: what is taken as it is, and its name."""
SCHEMAS: dict[str, dict[str, Any]] = {
    "integer": {"type": "integer", "minimum": LEAST, "exclusiveMaximum": BEYOND},
    "number": {"type": "number"},
    "string": {"type": "string", "maxLength": LONGEST, "pattern": "^[^\\u0000]*$"},
    "timestamp": {"type": "string", "format": "date-time"},
}
OWN_TIME = {"pattern": "^(19[789][0-9]|[2-9][0-9]{3})-"}
"""The years from `EARLIEST` on, which a request's own time is of."""


def value_type(column: Column, cleaning: Cleaning, written: str | None = None) -> Any:
    """The type of one value; None is allowed where the column is optional.

    Args:
        written: the card's `time_format`; where it is one of numbers, a time may be a number.
    """
    choices, name = list(KINDS[column.type][0]), KINDS[column.type][1]
    own = OWN_TIME if column.role == "time" else {}
    schemas, lacks = [SCHEMAS[column.type] | own], column.optional
    if column.only and not cleaning.raw:
        # A table's own value may have spaces about it, which are cut.
        schemas = [{"type": "string", "enum": column.only}]
    is_text = column.type in ("string", "timestamp")
    if column.type == "timestamp" and written is not None and is_counted(written):
        is_text, name = False, f"a number of {written}, or {name}"
        choices += [
            core_schema.int_schema(strict=True),
            core_schema.float_schema(strict=True, allow_inf_nan=False),
        ]
        least, largest = bounds(written, column.role == "time")
        kind_of = "integer" if written == "epoch_ns" else "number"
        schemas.append({"type": kind_of, "minimum": least, "maximum": largest})
    if cleaning.raw and lacks and not is_text:
        choices.append(core_schema.no_info_plain_validator_function(_missing(cleaning)))
    if cleaning.raw and lacks and column.type != "string":
        schemas.append({"type": "string", "enum": ["", *cleaning.marks]})
    if lacks:
        schemas.append({"type": "null"})
    # Not the union's own message: of one choice pydantic makes no union, and says "a valid string".
    kind = core_schema.custom_error_schema(
        core_schema.union_schema([*choices], mode="left_to_right"),
        custom_error_type="value",
        custom_error_message=f"Input should be {name}",
    )
    core = core_schema.nullable_schema(kind) if lacks else kind
    described = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
    made: Any = Annotated  # the card is read at run time, out of a type checker's sight
    return made[Any, GetPydanticSchema(lambda *_: core, lambda *_: described)]


def _missing(cleaning: Cleaning) -> Callable[[Any], None]:
    """What a column of numbers takes for a missing value, which is then None."""

    def missing(value: Any) -> None:
        if isinstance(value, float) and isnan(value):
            return
        if not isinstance(value, str) or cleaning.texts(pa.array([value], pa.string())).null_count == 0:
            raise ValueError("it is there")

    return missing


def list_of(kind: Any, *bounds: Any) -> Any:
    """A list type of a kind known only at run time; validation ends at the first fault."""
    generic: Any = list
    annotated: Any = Annotated
    return annotated[(generic[kind], FailFast(), *bounds)]


def moment(text: str, written: str | None, is_own: bool) -> datetime:
    """A time in UTC without saying so, as tables hold it; one without an offset is taken as UTC.

    What ingestion takes, but for a time to come: a row to learn from must have its outcome, while a request
    has none yet, its client's clock may be ahead, and what will be is a fair question.

    Args:
        written: the card's `time_format`, which stands beside ISO 8601.
        is_own: whether it is the time of the request itself.

    Raises:
        ValueError: it is none, or no table could hold it.
    """
    time = _read(text, written)
    try:
        time = time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
    except OverflowError as error:
        raise ValueError("out of range once in UTC") from error
    if is_own and time < EARLIEST:
        raise ValueError(f"a time from {EARLIEST:%Y} on is expected")
    return time


def _read(text: str, written: str | None) -> datetime:
    if written is not None and is_counted(written):
        return _counted(text, written)
    own = written if written is not None and "%" in written else None
    if own is not None:
        try:
            # The table's own way to write comes first: what it means there it means here.
            return datetime.strptime(text, own)
        except ValueError:
            pass
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        other = "" if own is None else f" or {own}"
        raise ValueError(f"a time in ISO 8601{other} is expected") from error


def _counted(text: str, written: str) -> datetime:
    try:
        return counted(text, written)
    except ValueError as fault:
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            raise ValueError(f"{fault}, or a time in ISO 8601") from fault
