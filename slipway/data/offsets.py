"""Times that mean two things: some of a column with an offset from UTC, some without."""

from pathlib import Path
from typing import Any

from slipway.base.errors import SlipwayError
from slipway.data.conversion import ROW, Field, has_offset
from slipway.data.source_files import FILE
from slipway.data.values import shown


def refuse_two_clocks(connection: Any, fields: list[Field], path: Path) -> None:
    """Stop where a column of texts in ISO 8601 has both: a local time has no place among those in UTC.

    Args:
        connection: with the view `converted`, whose rows are numbered through all files.
        fields: the columns of the card.

    Raises:
        SlipwayError: names the column, and the first row of either kind.
    """
    for field in fields:
        if field.column.type != "timestamp" or field.column.made:
            continue
        firsts = f"""
            SELECT arg_min({field.raw}, {ROW}), arg_min("{FILE}", {ROW}), min({ROW})
            FROM converted WHERE "{field.name}" IS NOT NULL GROUP BY {has_offset(field.raw)}
            ORDER BY {has_offset(field.raw)}
        """  # noqa: S608 - the card's names
        found = connection.execute(firsts).fetchall()
        if len(found) > 1:
            local, other = (_named(connection, path, *one) for one in found)
            raise SlipwayError(
                f"{path}: column {field.source!r}: {local} has no offset from UTC and {other} has one, so "
                "they cannot be put in order; give all of them one, or none"
            )  # guard ingest.offsets


def _named(connection: Any, path: Path, value: object, file: str, number: int) -> str:
    """A row as a person looks for it, which is in its own file."""
    first = f'SELECT min({ROW}) FROM converted WHERE "{FILE}" = ?'  # noqa: S608
    [(begin,)] = connection.execute(first, [file]).fetchall()
    where = f" of {Path(file).name}" if Path(file) != path else ""
    return f"'{shown(value, 40)}' (row {number - begin + 1:,}{where})"
