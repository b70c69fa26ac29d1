"""The expectations that follow from a table's columns; a system adds its own to them."""

from collections.abc import Mapping
from typing import Any, Literal

from slipway.data import values
from slipway.settings import Column, Columns
from slipway.tasks import Task

TYPES = {"integer": "BIGINT", "number": "DOUBLE", "string": "VARCHAR", "timestamp": "TIMESTAMP"}
"""What each type of a column is in DuckDB."""


def build_suite(title: str, task: Task, extra: list[Any], types: Mapping[str, str]) -> Any:
    """The Great Expectations suite of that title: table, columns, label, key, values, then its own.

    A column that is absent, of another type or incomplete in its role always stops the run; values have the
    severity of their column. Of a column that is absent or of another type nothing more is asked: it would be
    an error of DuckDB, which ends the transaction in which GX asks for everything else.

    Args:
        task: says what the label must be, and knows the columns and their roles.
        extra: what the system expects.
        types: DuckDB's type of every column of the rows.
    """
    from great_expectations import ExpectationSuite

    table = task.columns
    columns = table.columns
    usable = {name for name, column in columns.items() if types.get(name) == TYPES[column.type]}
    found: list[Any] = []
    _expect_rows(found)
    for name, column in columns.items():
        _expect_column(found, name)
        if name in types:
            _expect_type(found, name, column)
    asked: list[Any] = []
    asked.extend(task.expectations(table.required("label")))  # guard check.label
    _expect_keys_once(asked, table)
    for name, column in columns.items():
        _expect_no_nulls(asked, name, column)
        _expect_range(asked, name, column)
        _expect_allowed(asked, name, column)
        _expect_sound(asked, name, column)
        _expect_no_leak(asked, task, name, column)
    broken = columns.keys() - usable
    found += [one for one in [*asked, *extra] if not broken & set(columns_of(one.configuration))]
    return ExpectationSuite(name=title, expectations=found)


def columns_of(config: Any) -> list[str]:
    """The columns that a configured expectation needs, the one that it is about first."""
    single = [config.kwargs[key] for key in ("column", "column_A", "column_B") if key in config.kwargs]
    return [*single, *config.kwargs.get("column_list", []), *(config.meta or {}).get("columns", [])]


def _expect_rows(found: list[Any]) -> None:
    from great_expectations import expectations as gxe

    found.append(gxe.ExpectTableRowCountToBeBetween(min_value=1))  # guard check.rows


def _expect_keys_once(found: list[Any], table: Columns) -> None:
    """A row is an option of a request; without both columns rows have no key."""
    from great_expectations import expectations as gxe

    request, option = table.column("request"), table.column("option")
    if request and option:
        found.append(gxe.ExpectCompoundColumnsToBeUnique(column_list=[request, option]))  # guard check.key


def _expect_column(found: list[Any], name: str) -> None:
    from great_expectations import expectations as gxe

    found.append(gxe.ExpectColumnToExist(column=name))  # guard check.column


def _expect_type(found: list[Any], name: str, column: Column) -> None:
    """GX asks SQLAlchemy for types, which cannot say them for DuckDB; a query can."""
    expected = TYPES[column.type]
    described = "SELECT column_type FROM (DESCRIBE SELECT * FROM {batch}) "
    where = f"WHERE column_name = '{name}' AND column_type <> '{expected}'"
    # guard check.type
    found.append(_no_rows([name], described + where, f"must be of type {expected}", shows="type"))


def _expect_no_nulls(found: list[Any], name: str, column: Column) -> None:
    from great_expectations import expectations as gxe

    mostly, severity = (1.0, "critical") if column.role else (1 - column.null_share, column.severity)
    if mostly > 0:  # else all of them may be missing
        # guard check.null_share
        found.append(gxe.ExpectColumnValuesToNotBeNull(column=name, mostly=mostly, severity=severity))


def _expect_range(found: list[Any], name: str, column: Column) -> None:
    from great_expectations import expectations as gxe

    if column.min is not None or column.max is not None:
        found.append(
            gxe.ExpectColumnValuesToBeBetween(
                column=name, min_value=column.min, max_value=column.max, severity=column.severity
            )
        )  # guard check.range


def _expect_allowed(found: list[Any], name: str, column: Column) -> None:
    from great_expectations import expectations as gxe

    if column.values is not None:
        found.append(
            gxe.ExpectColumnValuesToBeInSet(column=name, value_set=column.values, severity=column.severity)
        )  # guard check.values


def _expect_sound(found: list[Any], name: str, column: Column) -> None:
    """What no bound of the card would catch: NaN and infinities, NUL and endless text, times to come."""
    if column.role == "time":
        sound, words = values.sound_time(f'TRY_CAST("{name}" AS TIMESTAMP)'), values.TIME
    elif column.type == "number":
        sound, words = values.sound_number(f'TRY_CAST("{name}" AS DOUBLE)'), values.NUMBER
    elif column.type == "string":
        sound, words = values.sound_text(f'CAST("{name}" AS VARCHAR)'), values.TEXT
    else:
        return
    # Of a missing value this is NULL and so no row: whether it may be missing is asked elsewhere.
    query = f'SELECT "{name}" FROM {{batch}} WHERE NOT {sound}'  # noqa: S608 - the card's names
    found.append(_no_rows([name], query, f"must be {words}", column.severity))  # guard check.sound


def _expect_no_leak(found: list[Any], task: Task, name: str, column: Column) -> None:
    label, time = task.columns.required("label"), task.columns.required("time")
    # A row's number may tell the label, as in a file sorted by it, or what a log adds: no model sees them.
    if name != label and not column.made and column.role != "logged":
        query, words = task.leak_query(name, label, time), "must not tell the label"
        found.append(
            _no_rows([name, label, time], query, words, column.severity, says=task.leaks)
        )  # guard check.leak


def _no_rows(
    names: list[str],
    query: str,
    words: str,
    severity: Literal["critical", "warning"] = "critical",
    shows: str = "",
    says: str = "",
) -> Any:
    """An expectation that fails where the query finds rows.

    Args:
        names: the column that it is about, then others that the query needs.
        words: what the column must be or do.
        shows: what `findings` shows of the rows that are found; by default how many there are.
        says: what it says of a failure in place of that.
    """
    from great_expectations.expectations import UnexpectedRowsExpectation

    return UnexpectedRowsExpectation(
        unexpected_rows_query=query,
        description=f"{names[0]} {words}",
        meta={"columns": names, "shows": shows, "says": says},
        severity=severity,
    )
