"""What Great Expectations found, in values that are the same for the same rows: no times and no ids."""

import json
from typing import Any, Literal

from slipway.base.strict import Strict
from slipway.data.suite import columns_of
from slipway.data.values import shown
from slipway.settings import Columns

_NOT_SHOWN = {"batch_id", "severity", "column", "column_A", "column_B", "column_list"}
"""Parameters that have a place of their own in a finding, and the id of the run's batch."""


class Finding(Strict):
    """One expectation and what the rows made of it."""

    columns: list[str]
    expectation: str
    severity: Literal["critical", "warning", "info"]
    success: bool
    found: str

    def line(self, table: Columns) -> str:
        """What was found, with the columns as people know them."""
        named = ", ".join(map(table.called, self.columns))
        return f"{named or 'table'}: {self.expectation}: {self.found}"


def findings(results: list[Any], types: dict[str, str]) -> list[Finding]:
    """One finding per expectation, sorted.

    Args:
        results: GX's, of one validation.
        types: the type that each column has, for GX only counts what a query returns.
    """
    found = [_finding(result, types) for result in results]
    return sorted(found, key=lambda one: (one.columns, one.expectation))


def _finding(result: Any, types: dict[str, str]) -> Finding:
    config = result.expectation_config
    severity = getattr(config.severity, "value", config.severity)
    columns = columns_of(config) or ["table"]
    queried = "unexpected_rows_query" in config.kwargs
    if config.type == "expect_column_to_exist" and not result.success:
        found = "the column is missing"
    elif queried and result.result:
        found = _queried(result, types.get(columns[0], "nothing"), config.meta or {})
    else:
        found = _found(result, severity)
    return Finding(
        columns=columns[:1] if queried else columns,
        expectation=_wording(config),
        severity=severity,
        success=bool(result.success),
        found=found,
    )


def _wording(config: Any) -> str:
    """The expectation's name in words with its parameters; a query speaks by its description."""
    if "unexpected_rows_query" in config.kwargs:
        return str(config.description).removeprefix(f"{''.join(columns_of(config)[:1])} ")
    words = config.type.removeprefix("expect_").removeprefix("column_").replace("_", " ")
    known = {
        key: value
        for key, value in sorted(config.kwargs.items())
        if key not in _NOT_SHOWN and value is not None
    }
    return f"{words} {json.dumps(known)}" if known else words


def _queried(result: Any, kind: str, meta: dict[str, Any]) -> str:
    if meta.get("shows") == "type":
        return f"found {shown(kind)}"
    if result.success:
        return "held"
    return str(meta.get("says") or f"{result.result['observed_value']} rows are not")


def _found(result: Any, severity: str) -> str:
    found = result.result
    if not found:
        return "held" if result.success else f"could not be evaluated ({_why(result.exception_info)})"
    if "partial_missing_list" in found:
        return shown(
            f"missing {found['partial_missing_list']}, unexpected {found['partial_unexpected_list']}", 200
        )
    if "unexpected_count" in found:
        return _counted(found, with_examples=severity == "critical" and not result.success)
    return f"found {shown(_rounded(found.get('observed_value')))}"


def _counted(found: dict[str, Any], with_examples: bool) -> str:
    """Counts; examples only where the run stops anyway, for which ones DuckDB gives may vary."""
    text = f"{found['unexpected_count']} of {found['element_count']} values"
    examples = sorted({shown(value) for value in found["partial_unexpected_list"] if value is not None})
    return f"{text}, such as {', '.join(examples[:3])}" if with_examples and examples else text


def _rounded(value: Any) -> Any:
    """Six digits: DuckDB's threads may add floats in any order."""
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _why(information: dict[str, Any]) -> str:
    """The message of an exception, which GX keeps either flat or by metric."""
    if "exception_message" not in information:
        information = next(iter(information.values()), {})
    lines = str(information.get("exception_message", "")).splitlines()
    return shown(lines[0], 200) if lines else "no reason given"
