"""The `data` section of a design card: where rows come from, and which of them are for what."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from slipway.base.strict import Count, Share, Strict
from slipway.tasks.columns import Columns

Size = Literal["full", "small"]
EPOCHS = {"epoch": 1, "epoch_ms": 10**3, "epoch_us": 10**6, "epoch_ns": 10**9}
"""The values of `time_format` for numbers that count from 1970, each with how many of them are a second."""
EXCEL = "excel"
"""The same for days since 1899-12-30, as spreadsheets keep times: 45292.5 is noon on 2024-01-01."""
WRITTEN_NUMBER = r"\s*[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?\s*"
"""A number as text, for Python and DuckDB alike; no digit is read twice, however long a text is none."""
NUMBERED = (*EPOCHS, EXCEL)
"""All values of `time_format` for numbers."""
TIME_FORMATS = f"a strptime format, such as %d/%m/%Y, or one of {', '.join(NUMBERED)}; ISO 8601 needs none"


def is_time_format(written: str) -> bool:
    """Whether times can be read by it; a word that is no format would fit no row."""
    return "%" in written or written in NUMBERED


def _time_format(written: str) -> str:
    if not is_time_format(written):
        raise ValueError(f"found {written!r}, expected {TIME_FORMATS}")
    return written


def delimiter_fault(written: str) -> str | None:
    """Why a text cannot stand between two cells; None where it can."""
    if len(written) == 1 and not written.isalnum() and written not in "\"'\r\n\0 .-+_":
        return None
    return f"found {written!r}, expected one character that no value begins with, such as ; or |"


def _delimiter(written: str) -> str:
    if (fault := delimiter_fault(written)) is not None:
        raise ValueError(fault)
    return written


class _InItsFolder(Strict):
    """A source lies in `systems/<name>/source`, so a path is no setting; cards of older versions have one."""

    @model_validator(mode="before")
    @classmethod
    def _names_no_path(cls, given: Any, info: ValidationInfo) -> Any:
        if not isinstance(given, dict) or "path" not in given:
            return given
        # A version holds its card as JSON, and nobody can edit that: an older one is read without the path.
        if info.mode == "json":
            return {key: value for key, value in given.items() if key != "path"}
        raise ValueError(
            f"a source lies in systems/NAME/source and has no path, found {given['path']!r}; "
            "`slipway migrate layout` brings it there"
        )


class GeneratorSource(_InItsFolder):
    """Rows drawn by the system's own seeded generator, the package `systems/<name>/source`."""

    kind: Literal["generator"]
    seed: Annotated[int, Field(ge=0)]
    rows: dict[Size, Count]


class TableSource(_InItsFolder):
    """A table of the user's own, CSV or TSV (gzip or not) or Parquet: files in `systems/<name>/source`."""

    kind: Literal["table"]
    format: Literal["csv", "tsv", "parquet"]
    delimiter: Annotated[
        Annotated[str, AfterValidator(_delimiter)] | None,
        Field(description="what stands between the cells of CSV or TSV, such as ;; null: a comma or a tab"),
    ] = None
    header: Annotated[
        bool | list[str],
        Field(description="false: the columns are named column0, column1, ...; or the names"),
    ] = True
    time_format: Annotated[
        Annotated[str, AfterValidator(_time_format)] | None,
        Field(
            description="strptime format where ISO 8601 does not fit; epoch: seconds since 1970, epoch_ms, "
            "epoch_us, epoch_ns: thousandths of them and so on; excel: days since 1899-12-30"
        ),
    ] = None
    trim: Annotated[bool, Field(description="cut spaces around values and the names of columns")] = False
    missing: Annotated[list[str], Field(description="texts that stand for a missing value, such as NA")] = []
    rows: Annotated[dict[Size, Count | None], Field(description="the newest so many rows; null is all")] = {
        "full": None,
        "small": None,
    }

    @property
    def separator(self) -> str:
        """What stands between two cells of text."""
        return self.delimiter or {"tsv": "\t"}.get(self.format, ",")

    @model_validator(mode="after")
    def _is_delimited(self) -> "TableSource":
        if self.delimiter is not None and self.format == "parquet":
            raise ValueError(f"delimiter is {self.delimiter!r}, and a table of format parquet has none")
        return self


Source = Annotated[GeneratorSource | TableSource, Field(discriminator="kind")]


class Split(Strict):
    """Shares of the time-ordered rows; what is left is the training part.

    `replay` is the newest part. Training and evaluation never read it: the local rollout offers it as
    traffic.
    """

    validation: Share
    holdout: Share
    replay: Share

    @model_validator(mode="after")
    def _train_is_left(self) -> "Split":
        total = self.validation + self.holdout + self.replay
        if total >= 0.9:
            raise ValueError(
                f"validation, holdout and replay take {total:.2f}, at most 0.9 leaves rows to train on"
            )
        return self


class Data(Columns):
    """Source, columns and split."""

    source: Source
    label_delay_hours: Annotated[
        float,
        Field(
            ge=0,
            allow_inf_nan=False,
            description="from a request to its outcome being known; 0: every label is taken to be known at "
            "once; a column with the role known_at says it row by row instead",
        ),
    ] = 0.0
    max_copies: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="the largest share of a part's rows that may be copies of rows of an earlier part, "
            "beyond what chance makes; they are left out, and beyond it what is left is another mix of rows",
        ),
    ] = 0.1
    split: Split

    @model_validator(mode="after")
    def _delay_is_clear(self) -> "Data":
        if self.label_delay_hours and (known := self.column("known_at")):
            raise ValueError(
                f"label_delay_hours is {self.label_delay_hours:g}, and {known!r} has the role known_at; "
                "one of them says when labels become known"
            )
        if self.label_delay_hours and self.columns[self.required("time")].made:
            raise ValueError(
                f"label_delay_hours is {self.label_delay_hours:g}, but the rows have no time of their own; "
                "only 0 means something there"
            )
        return self
