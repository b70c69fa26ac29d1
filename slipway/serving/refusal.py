"""Requests that cannot be answered because of what the client sent."""

from typing import Any

from pydantic import BaseModel, ValidationError


class Refusal(Exception):  # noqa: N818 - an answer to the client, not a fault
    """Ends a request with an HTTP status and one line that names the field."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class ErrorBody(BaseModel):
    """The JSON body of such an answer."""

    error: str


def invalid(status: int, error: ValidationError, prefix: str = "") -> Refusal:
    """The first fault that pydantic found, as an answer to the client."""
    fault: Any = error.errors(include_url=False, include_context=False)[0]
    place = ".".join(str(part) for part in fault["loc"])
    field = f"{prefix}.{place}" if prefix and place else prefix or place or "body"
    # Of a missing key the input is what surrounds it: too much to repeat.
    found = "" if fault["type"] == "missing" else f", found {short(fault['input'])}"
    return Refusal(status, f"{field}: {fault['msg'].removeprefix('Value error, ')}{found}")


def short(value: Any) -> str:
    """A value on a line, cut to a bounded length."""
    text = f"{type(value).__name__} of {len(value)}" if isinstance(value, list | dict) else repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
