"""Errors of files, of the machine and of the registry as one line; what is not one of these is a bug."""

from pydantic import ValidationError

from slipway.base.addresses import masked

MOST = 400
"""Characters; MLflow repeats whole tracebacks and lists of what it would have taken."""
REGISTRY = {("mlflow", "MlflowException"), ("sqlalchemy", "SQLAlchemyError"), ("sqlite3", "Error")}
"""Package and name: mlflow takes seconds to import, only to recognise an error."""


def one_line(error: Exception) -> str | None:
    """An error as one line for the user; None where it is a bug, whose traceback is worth more."""
    if isinstance(error, ValidationError):
        return _fault(error)
    if isinstance(error, OSError) and error.strerror:
        places = [str(place) for place in (error.filename, error.filename2) if place is not None]
        return ": ".join([*places, error.strerror])
    if isinstance(error, OSError):
        return _short(error)
    # By name, over all base classes: the libraries need not be imported for it.
    kinds = {(kind.__module__.split(".")[0], kind.__name__) for kind in type(error).__mro__}
    return f"registry: {_short(error)}" if kinds & REGISTRY else None


def _fault(error: ValidationError) -> str:
    """The first fault of a file that slipway wrote, such as one that was cut off."""
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"this is no {error.title}: {place + ': ' if place else ''}{first['msg']}"


def _short(error: Exception) -> str:
    text = " ".join(masked(str(error)).split()) or type(error).__name__
    return text if len(text) <= MOST else f"{text[:MOST]}…"
