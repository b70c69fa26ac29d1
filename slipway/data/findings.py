"""What Great Expectations found, in values that are the same for the same rows: no times and no ids."""

import json
from typing import Any, Literal

from slipway.settings.base import Strict

_GENERIC = {"batch_id", "severity", "unexpected_rows_query"}
_COLUMNS = ("column", "column_A", "column_B")
ABSENT = "the column is missing"


class Finding(Strict):
    """One expectation and what the rows made of it."""

    columns: list[str]
    expectation: str
    severity: Literal["critical", "warning", "info"]
    success: bool
    found: str

    def __str__(self) -> str:
        return f"{', '.join(self.columns) or 'table'}: {self.expectation}: {self.found}"


def findings(results: list[Any], types: dict[str, str]) -> list[Finding]:
    """One finding per expectation, sorted; of a column that is absent only that is said.

    Args:
        results: GX's, of one validation.
        types: the type that each column has, for GX only counts what a query returns.
    """
    found = [_finding(result, types) for result in results]
    absent = {one.columns[0] for one in found if one.found == ABSENT}
    kept = [one for one in found if not absent & set(one.columns) or one.found == ABSENT]
    return sorted(kept, key=lambda one: (one.columns, one.expectation))


def _finding(result: Any, types: dict[str, str]) -> Finding:
    config = result.expectation_config
    severity = getattr(config.severity, "value", config.severity)
    columns = _columns(config)
    if config.type == "expect_column_to_exist" and not result.success:
        found = ABSENT
    elif "unexpected_rows_query" in config.kwargs and columns[0] in types:
        found = f"found {types[columns[0]]}"
    else:
        found = _found(result, severity)
    return Finding(
        columns=columns,
        expectation=_wording(config),
        severity=severity,
        success=bool(result.success),
        found=found,
    )


def _columns(config: Any) -> list[str]:
    named = [config.kwargs[key] for key in _COLUMNS if key in config.kwargs]
    return named or list(config.kwargs.get("column_list", [])) or [(config.meta or {}).get("column", "table")]


def _wording(config: Any) -> str:
    """The expectation's name in words with its parameters; a query speaks by its description."""
    if "unexpected_rows_query" in config.kwargs:
        return str(config.description).removeprefix(f"{_columns(config)[0]} ")
    words = config.type.removeprefix("expect_").removeprefix("column_").replace("_", " ")
    known = {
        key: value
        for key, value in sorted(config.kwargs.items())
        if key not in _GENERIC and key not in (*_COLUMNS, "column_list") and value is not None
    }
    return f"{words} {json.dumps(known)}" if known else words


def _found(result: Any, severity: str) -> str:
    found = result.result
    if not found:
        return "held" if result.success else f"could not be evaluated ({_why(result.exception_info)})"
    if "partial_missing_list" in found:
        return f"missing {found['partial_missing_list']}, unexpected {found['partial_unexpected_list']}"
    if "unexpected_count" in found:
        return _counted(found, with_examples=severity == "critical" and not result.success)
    return f"found {_rounded(found.get('observed_value'))}"


def _counted(found: dict[str, Any], with_examples: bool) -> str:
    """Counts; examples only where the run stops anyway, for which ones DuckDB gives may vary."""
    text = f"{found['unexpected_count']} of {found['element_count']} values"
    examples = sorted({str(value) for value in found["partial_unexpected_list"] if value is not None})
    return f"{text}, such as {', '.join(examples[:3])}" if with_examples and examples else text


def _rounded(value: Any) -> Any:
    """Six digits: DuckDB's threads may add floats in any order."""
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _why(information: dict[str, Any]) -> str:
    """The message of an exception, which GX keeps either flat or by metric."""
    if "exception_message" not in information:
        information = next(iter(information.values()), {})
    lines = str(information.get("exception_message", "no reason given")).splitlines()
    return lines[0] if lines else "no reason given"
