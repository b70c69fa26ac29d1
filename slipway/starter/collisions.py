"""Different texts that would be one number, such as the versions 1.1 and 1.10: then they stay texts."""

from typing import Any

from slipway.data.duckdb_engine import quoted
from slipway.data.numerals import number, whole

MEASURED = r"\.(0[0-9]*[1-9]|[0-9]{4})|[eE]-"
"""A fraction that no version has, or a small exponent: then zeros at the end of a fraction say nothing."""


def one_number(connection: Any, name: str, kind: str) -> tuple[str, str] | None:
    """The first two texts of a column of numbers whose number would be one; None where each has its own.

    Formatting aside: spaces, a fraction of zeros (1 and 1.0), a zero before the point, the sign of a zero,
    and in a column of measurements how many digits of a fraction are written.

    Args:
        name: of the column of the view `source`, without its `raw`; texts, missing values or NaN.
        kind: `integer` or `number`, as which all of it can be read.
    """
    raw = f'"raw {name}"'
    value = whole(raw) if kind == "integer" else number(raw)
    values = f"""
        SELECT CAST({raw} AS VARCHAR) AS v, {value} AS n, "row number" AS place FROM source
        WHERE {value} IS NOT NULL AND NOT isnan(CAST({value} AS DOUBLE))
    """  # noqa: S608 - all quoted
    asked = f"bool_or(v <> CAST(n AS VARCHAR)), bool_or(regexp_matches(v, {quoted(MEASURED)}))"
    [(formatted, measured)] = connection.execute(f"SELECT {asked} FROM ({values})").fetchall()  # noqa: S608
    if not formatted:
        return None  # each is written as its number is, so all differ
    text = "CASE WHEN regexp_matches(v, '[.eE]') THEN CAST(CAST(n AS DOUBLE) AS VARCHAR) ELSE v END"
    query = f"""
        WITH written AS (
            SELECT n, {_plain(text if measured else "v")} AS one, arg_min(v, place) AS v, min(place) AS place
            FROM ({values}) GROUP BY n, one
        )
        SELECT list(v ORDER BY place) FROM written GROUP BY n HAVING count(*) > 1 ORDER BY min(place) LIMIT 1
    """  # noqa: S608 - all quoted
    found = connection.execute(query).fetchall()
    return (found[0][0][0], found[0][0][1]) if found else None


def _plain(text: str) -> str:
    """SQL: a number's text without what only formats it."""
    bare = rf"regexp_replace(trim(lower({text}), E' \t\n\r\f\v'), '^([-+]?)\.', '\10.')"
    return rf"CASE WHEN n = 0 THEN '0' ELSE regexp_replace({bare}, '\.0*(e|$)', '\1') END"
