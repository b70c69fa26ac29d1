"""Numbers with something about them in a column of text: commas, signs of money, units; and durations."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from slipway.data.duckdb_engine import quoted
from slipway.data.values import shown

# All of it means the same to RE2, which is DuckDB's, and to Python.
_SIGN, _MONEY, _BETWEEN = "[-+\u2212]?", "[$€£¥₹]?", "'\u2019 \u00a0\u202f"
POINTS = (
    rf"(?:(?:[0-9]+|[0-9]{{1,3}}(?:[,{_BETWEEN}][0-9]{{3}})+|[0-9]{{1,2}}(?:,[0-9]{{2}})+,[0-9]{{3}})"
    r"(?:\.[0-9]+)?|\.[0-9]+)"
)
COMMAS = rf"(?:[0-9]+|[0-9]{{1,3}}(?:[.{_BETWEEN}][0-9]{{3}})+)(?:,[0-9]+)?"
"""Numbers such as 1,234.56 (in India 1,23,456.7) and 1.234,56."""
UNIT = r"[ \xa0]?[a-zA-Zµμ°℃]{1,12}[23²³]?(?:/[a-zA-Z]{1,6}[23²³]?)?\.?"
DURATION = (
    r"-?(?:[0-9]+ days?,? )?[0-9]{1,4}(?::[0-5][0-9]){1,2}(?:[.,][0-9]+)?|P[0-9TDHMS.]+"
    r"|(?:[0-9]+ ?(?:d|days?|h|hrs?|hours?|m|mins?|minutes?|s|secs?|seconds?)[, ]{0,2}){2,}"
)
"""Such as 07:30 (a time of day too), 1 days 02:00:00, 1h 30m and PT90S."""
MAGNITUDES = {"k": 3, "m": 6, "mn": 6, "mio": 6, "million": 6, "b": 9, "bn": 9, "billion": 9}
"""Powers of ten, in small letters."""
UNITS = re.split(
    r"\s+",
    """t mg g kg lb lbs oz mm cm m km in ft mi yd ml cl l nm cc m2 m² m3 m³ sqft s sec secs second seconds ms
    min mins minute minutes h hr hrs hour hours d day days w wk wks week weeks mo mos month months y yr yrs
    year years kb mb gb tb kib mib gib byte bytes kbps mbps gbps hz khz mhz ghz w kw mw kwh mwh v kv ma c f
    °c °f bar psi kpa hpa rpm bhp hp km/h m/s mg/dl g/l mmol/l kcal thousand""",
)
"""The same; where a column has several units without a space before them, each has to be one of either."""
HALVES = ({"am", "pm"}, {"am"}, {"pm"})
"""Of a day, and no units."""
MOST_UNITS = 8
"""With more, what follows the numbers is no unit."""
FEW = 50
"""Up to so many different values are as good as a category, whatever stands beside the numbers."""
HALF = 0.5
"""Share of the values from which on what is true of them is worth a word."""


@dataclass(frozen=True)
class Dress:
    """What most values of a column are.

    Attributes:
        what: in words.
        value: the first of them, as it is written.
        plain: how to write it.
        other: the first value that is none of them, neither a mark of a missing value; None where all are.
        row: its row, counted from 1.
        dressed: how many are.
    """

    what: str
    value: str
    plain: str
    other: str | None = None
    row: int = 0
    dressed: int = 0


def dress(connection: Any, raw: str, missing: Sequence[str]) -> Dress | None:
    """What most values of a column of text are, if they are numbers with something about them.

    Args:
        raw: SQL of the column, all of it text, of the view `source`.
        missing: texts that may stand for a missing value.
    """
    forms = {
        "points": _about(POINTS, "[%‰$€£¥₹+-]?"),
        "commas": _about(COMMAS, "[%‰$€£¥₹]?"),
        "units": f"{_about(POINTS, f'(?:{UNIT})?')}|{_about(COMMAS, f'(?:{UNIT})?')}",
        "durations": DURATION,
    }
    fits = {name: f"regexp_full_match(v, {quoted(form)})" for name, form in forms.items()}
    marks = ", ".join(map(quoted, missing))
    known = f'(SELECT {raw} AS v, "row number" AS place FROM source WHERE {raw} NOT IN ({marks}))'  # noqa: S608
    counted = ", ".join(f"count(*) FILTER ({fit})" for fit in fits.values())
    [(values, *counts)] = connection.execute(f"SELECT count(*), {counted} FROM {known}").fetchall()  # noqa: S608
    # Of equal counts the first: numbers with commas are numbers with a unit as well, that is without any.
    form, dressed = max(zip(fits, counts, strict=True), key=lambda one: one[1])
    if dressed < max(1, HALF * values):
        return None
    query = f"""
        SELECT arg_min(v, place) FILTER (fit AND v SIMILAR TO '.*[1-9].*' AND regexp_matches(v, '[^-+.0-9]')),
            arg_min(v, place) FILTER (NOT fit), coalesce(min(place) FILTER (NOT fit), 0),
            count(DISTINCT v) FILTER (fit),
            list_sort(list(DISTINCT regexp_extract(v, {quoted(f"{UNIT}$")})) FILTER (fit))[:{MOST_UNITS + 2}]
        FROM (SELECT *, {fits[form]} AS fit FROM {known})
    """  # noqa: S608 - all quoted
    [(first, other, row, distinct, suffixes)] = connection.execute(query).fetchall()
    few = distinct <= FEW and (other is not None or form in ("units", "durations"))
    # Digits and points alone carry nothing that the user could take off.
    if first is None or few:
        return None
    said: tuple[str, str] | None
    if form == "durations":
        said = "durations or times of day", "numbers of one unit, such as minutes"
    elif form == "units":
        said = _united(first, [one for one in suffixes if one])
    else:
        said = "numbers as text", "1234.56"
    return Dress(said[0], first, said[1], other, row, dressed) if said else None


def is_dressed(dress: Dress) -> str:
    """What a column's values are and how to write them, to be read after its name."""
    return f"holds {dress.what}, such as '{shown(dress.value, 40)}'; write them as {dress.plain}"


def _about(number: str, behind: str) -> str:
    return rf"(?:[A-Z]{{3}} ?)?{_SIGN} ?{_MONEY}\(?{_SIGN}{_MONEY} ?{number}\)?[ \xa0]?{behind}"


def _united(value: str, suffixes: list[str]) -> tuple[str, str] | None:
    """What numbers with these endings are, and how to write one of them; None where it is no unit."""
    units = {one.strip(" \u00a0.").lower() for one in suffixes}
    known = all(one in MAGNITUDES or one in UNITS for one in units)
    words = all(one[0] in " \u00a0" and len(one) > 2 for one in suffixes)
    if not 0 < len(units) <= MOST_UNITS or units in HALVES or not (len(units) == 1 or known or words):
        return None
    scaled = units <= MAGNITUDES.keys() and suffixes not in (["m"], [" m"], ["b"], [" b"])
    if len(units) > 1 and not scaled:
        return "numbers with several units", "numbers of one unit"
    suffix = re.search(f"({UNIT})?$", value)
    unit = suffix[0] if suffix else ""
    digits = re.sub(r"[^0-9.,]", "", value.removesuffix(unit))
    if not re.fullmatch(POINTS, digits):
        digits = digits.replace(".", "").replace(",", ".")
    power = MAGNITUDES.get(unit.strip(" \u00a0.").lower(), 0) if scaled else 0
    plain = Decimal(digits.replace(",", "")).scaleb(power).normalize()
    negative = any(one in value for one in "-(\u2212")
    return "numbers with a unit", f"{-plain if negative else plain:f}"
