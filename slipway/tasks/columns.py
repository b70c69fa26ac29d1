"""What the columns of a table mean: the label, the unit, the time, and what sound values are."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from slipway.base.naming import beside
from slipway.base.strict import Name, Strict

Role = Literal["request", "time", "unit", "option", "label", "known_at", "logged"]
LATER: tuple[Role, ...] = ("label", "known_at", "logged")
"""Roles of columns that nobody has when a request comes: what came of it, and what was done about it."""
ROW = "#row"
SHUFFLED = "#shuffled"
"""Sources of columns that a table does not have: a row's number from 1, and its place in a fixed shuffle."""
OPTIONS = "options"
"""The field of a request in which `/predict` finds its options; no other can have this name."""


class Column(Strict):
    """One column of the ingested table, what it means and what a sound value looks like."""

    type: Literal["integer", "number", "string", "timestamp"]
    role: Role | None = None
    level: Annotated[
        Literal["request", "option"],
        Field(description="the same for all options of a request, or a property of each option"),
    ] = "request"
    source: Annotated[
        str | None,
        Field(
            description=f"its name in the source, where it differs; {ROW}: the row's number in the table; "
            f"{SHUFFLED}: its place in a fixed shuffle; both as seconds after 2000-01-01 for a timestamp"
        ),
    ] = None
    null_share: Annotated[float, Field(ge=0, le=1, description="the largest share of missing values")] = 0.0
    min: float | None = None
    max: float | None = None
    values: Annotated[list[str] | None, Field(description="the only values allowed")] = None
    separator: Annotated[
        str | None,
        Field(
            min_length=1, description='of a text that holds any number of values, such as "|" in "war|drama"'
        ),
    ] = None
    positive: Annotated[
        str | list[str] | None,
        Field(description="of a label that is not 0 or 1: which of its values in the source count as 1"),
    ] = None
    severity: Annotated[
        Literal["critical", "warning"], Field(description="critical stops the run, warning is reported")
    ] = "critical"

    @model_validator(mode="after")
    def _bounds_fit_the_type(self) -> "Column":
        bounded = self.min is not None or self.max is not None
        if bounded and self.type not in ("integer", "number"):
            raise ValueError(f"min and max are for integers and numbers, the type is {self.type!r}")
        if self.values is not None and self.type != "string":
            raise ValueError(f"values are for strings, the type is {self.type!r}")
        if self.separator is not None and (self.type != "string" or self.role or self.values is not None):
            raise ValueError("separator is for strings without a role, and not beside values")
        return self

    @model_validator(mode="after")
    def _source_fits_the_type(self) -> "Column":
        if self.made and (self.type not in ("integer", "timestamp") or self.role == "label"):
            raise ValueError(f"the source {self.source!r} is for integers and timestamps that are no label")
        if self.positive is not None and (self.role, self.type) != ("label", "integer"):
            raise ValueError("positive is for the label, whose type is then integer")
        return self

    @property
    def positives(self) -> list[str]:
        """The values of the source that count as 1; none where its values are 0 and 1 already."""
        return [self.positive] if isinstance(self.positive, str) else self.positive or []

    @property
    def made(self) -> bool:
        """Whether ingestion makes it; then no request carries it."""
        return self.source in (ROW, SHUFFLED)

    @property
    def only(self) -> list[str] | None:
        """The values beside which any other stops a run, and a request; None where it is taken."""
        return self.values if self.severity == "critical" else None

    @property
    def optional(self) -> bool:
        """Whether a request may leave it out.

        It may lack what the training data may lack. Without a time it is of now; its id is only echoed.
        """
        return (
            self.null_share > 0 or self.severity == "warning" or self.made or self.role in ("time", "request")
        )


class Columns(Strict):
    """What the columns of a table mean, and who is who among them."""

    columns: dict[Name, Column]

    @model_validator(mode="after")
    def _roles_are_clear(self) -> "Columns":
        taken: dict[str, list[str]] = {}
        for name, column in self.columns.items():
            if column.role:
                taken.setdefault(column.role, []).append(name)
        for role in ("time", "unit", "label"):
            if role not in taken:
                raise ValueError(f"no column has the role {role!r}")
        for role, names in taken.items():
            if len(names) > 1 and role != "logged":
                raise ValueError(f"the columns {names} all have the role {role!r}; one may")
        for role in ("time", "known_at"):
            for name in taken.get(role, []):
                if self.columns[name].type != "timestamp":
                    raise ValueError(f"the {role} column {name!r} must have the type timestamp")
        for name in taken.get("known_at", []):
            if self.columns[name].null_share or self.columns[name].made:
                raise ValueError(
                    f"the known_at column {name!r} must come from the table, and have no missing values: "
                    "leave out rows whose label is not known yet"
                )
        return self

    @model_validator(mode="after")
    def _requests_have_room(self) -> "Columns":
        # A column of the options themselves stands one level deeper, where the name is free.
        if OPTIONS in self.columns and self.columns[OPTIONS].level == "request":
            raise ValueError(
                f"the column {OPTIONS!r} must have another name (source keeps the table's): "
                "a request has its options there"
            )
        return self

    def column(self, role: Role) -> str | None:
        """The name of the column with this role, None where no column has it."""
        return next((name for name, column in self.columns.items() if column.role == role), None)

    def called(self, name: str) -> str:
        """A column for people: its name, with the table's own beside it where that is in another script."""
        column = self.columns.get(name)
        return name if column is None or column.made else beside(name, column.source)

    def required(self, role: Literal["time", "unit", "label"]) -> str:
        """The name of the column with a role that every table has."""
        name = self.column(role)
        if name is None:  # the validator above does not let this happen
            raise KeyError(role)
        return name

    @property
    def inputs(self) -> list[str]:
        """Columns that a request carries: all but what only its log can tell."""
        return [name for name, column in self.columns.items() if column.role not in LATER]
