"""The expectations that follow from a design card's columns; a system adds its own to them."""

from typing import Any

from slipway.settings import Card, Column

TYPES = {"integer": "BIGINT", "number": "DOUBLE", "string": "VARCHAR", "timestamp": "TIMESTAMP"}
"""What each type of the card is in DuckDB."""


def build_suite(card: Card, extra: list[Any]) -> Any:
    """The Great Expectations suite of one system: table, columns, label, key, then what the system adds."""
    from great_expectations import ExpectationSuite

    expectations = _table(card)
    for name, column in card.data.columns.items():
        expectations += _column(name, column)
    return ExpectationSuite(name=card.name, expectations=[*expectations, *extra])


def _table(card: Card) -> list[Any]:
    from great_expectations import expectations as gxe

    label, request, option = (card.data.column(role) for role in ("label", "request", "option"))
    found: list[Any] = [
        gxe.ExpectTableRowCountToBeBetween(min_value=1),
        gxe.ExpectColumnDistinctValuesToEqualSet(column=label, value_set=[0, 1]),
    ]
    if request and option:
        found.append(gxe.ExpectCompoundColumnsToBeUnique(column_list=[request, option]))
    return found


def _column(name: str, column: Column) -> list[Any]:
    """A column that is absent or of another type always stops the run; values have the card's severity."""
    from great_expectations import expectations as gxe

    found: list[Any] = [gxe.ExpectColumnToExist(column=name), _type(name, column)]
    severity = column.severity
    if column.null_share < 1:
        found.append(
            gxe.ExpectColumnValuesToNotBeNull(column=name, mostly=1 - column.null_share, severity=severity)
        )
    if column.min is not None or column.max is not None:
        found.append(
            gxe.ExpectColumnValuesToBeBetween(
                column=name, min_value=column.min, max_value=column.max, severity=severity
            )
        )
    if column.values is not None:
        found.append(gxe.ExpectColumnValuesToBeInSet(column=name, value_set=column.values, severity=severity))
    return found


def _type(name: str, column: Column) -> Any:
    """GX asks SQLAlchemy for types, which cannot say them for DuckDB; a query can."""
    from great_expectations.expectations import UnexpectedRowsExpectation

    expected = TYPES[column.type]
    where = f"column_name = '{name}' AND column_type <> '{expected}'"
    return UnexpectedRowsExpectation(
        unexpected_rows_query=(
            "SELECT column_type FROM (DESCRIBE SELECT * FROM {batch}) WHERE " + where  # noqa: S608 - card's names
        ),
        description=f"{name} must be of type {expected}",
        meta={"column": name},
    )
