"""Texts as numbers: strictly, for DuckDB also takes `1_20` for 120, `0x1F` for 31 and `+-5` for -5."""

import re

from slipway.data.duckdb_engine import quoted
from slipway.settings.data import WRITTEN_NUMBER

_NUMERAL = rf"{WRITTEN_NUMBER}|\s*[-+]?(?i:nan)\s*"
NUMERAL = re.compile(_NUMERAL)


def number(raw: str) -> str:
    """SQL: a value as a DOUBLE, NULL where a text is none; infinite where it is too large for one."""
    return f"CASE WHEN {_is_numeral(raw)} THEN TRY_CAST({raw} AS DOUBLE) END"


def whole(raw: str) -> str:
    """SQL: a value as a BIGINT, NULL where it is no whole number of 64 bits."""
    # DuckDB rounds 0.5 to an integer without a word; compared with the number it is found out.
    cast = f"TRY_CAST({raw} AS BIGINT)"
    return f"CASE WHEN {_is_numeral(raw)} AND {cast} = TRY_CAST({raw} AS DOUBLE) THEN {cast} END"


def _is_numeral(raw: str) -> str:
    return f"(typeof({raw}) <> 'VARCHAR' OR regexp_full_match(CAST({raw} AS VARCHAR), {quoted(_NUMERAL)}))"
