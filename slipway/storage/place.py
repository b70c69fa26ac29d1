"""A place with rows of a unit, and the places that nobody here can look at."""

from typing import Annotated, Literal

from pydantic import Field

from slipway.base.strict import Strict

Deed = Literal["yours", "removed", "stays"]
"""What becomes of it: its owner changes it first; `forget --apply` removes it; it cannot be changed."""


class Place(Strict):
    """A file or folder with rows of the unit."""

    where: Annotated[str, Field(description="its path, from the project's folder")]
    rows: int
    deed: Deed
    how: Annotated[str, Field(description="what to do, or why")]


BEYOND = (
    "Git: a table that Git holds is in its history; `git filter-repo` takes it out",
    "objects of DVC that hold an earlier table in a form which the card does not read now",
    "backups by `slipway backup`, and copies of this folder, in other places",
    "images that were pushed, of versions that carry rows: delete them in their registry",
    "Data Docs and reports, which tell figures of all rows, and a value where a check failed on it",
    "the models: a version that was trained on the rows is marked, and forgets nothing",
)
"""What is looked for nowhere here, and what to do."""
