"""What failed in a process, kept as a file for whoever started it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from slipway.base.addresses import masked
from slipway.base.atomic import write_text
from slipway.base.documents import Document, read
from slipway.base.errors import Inconclusive, Refused, SlipwayError, UsageError

PLACE = "SLIPWAY_ERROR_FILE"
"""The environment variable by which a process is told the file to write its error to."""
# A subclass that needs more than a message, such as NotReady, comes back as the nearest of these.
KINDS = {kind.__name__: kind for kind in (SlipwayError, UsageError, Refused, Inconclusive)}
MOST = 300
"""Characters of an error that nobody foresaw; the log has the rest."""


class Failure(Document):
    """The error that ended a process."""

    schema_version: Literal[1] = 1
    error: Annotated[str, Field(description="a class of slipway.base.errors, or the name of another one")]
    message: str
    exit_code: int

    def foreseen(self) -> SlipwayError | None:
        """The error itself, where it is one that a user can act on."""
        kind = KINDS.get(self.error)
        return None if kind is None else kind(self.message)


def failure_of(error: Exception) -> Failure:
    """The document that tells of an error: its class, its message, and the exit code to end with."""
    if isinstance(error, SlipwayError):
        name = next(kind.__name__ for kind in type(error).__mro__ if kind.__name__ in KINDS)
        return Failure(error=name, message=masked(str(error)), exit_code=error.exit_code)
    kind = type(error)
    name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
    return Failure(error=name, message=" ".join(masked(str(error)).split())[:MOST], exit_code=1)


@contextmanager
def failure_kept() -> Iterator[None]:
    """Write what is raised inside to the file that the environment names, if it does; as a decorator too."""
    try:
        yield
    except Exception as error:
        if place := os.environ.get(PLACE):
            with suppress(OSError):  # it must not take the place of the error
                write_text(Path(place), failure_of(error).model_dump_json())
        raise


def read_failure(path: Path) -> Failure | None:
    """What a process wrote before it ended; None of one that was killed or that did not fail.

    Raises:
        SlipwayError: the file is no `Failure`.
    """
    return read(path, Failure) if path.is_file() else None
