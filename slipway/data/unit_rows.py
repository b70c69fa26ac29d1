"""How many rows of a table are one unit's: of a source as ingestion reads it, and of Parquet."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.compute as pc

from slipway.base.errors import SlipwayError, UsageError
from slipway.data.duckdb_engine import connect
from slipway.data.parquet import open_parquet
from slipway.data.source_files import reader
from slipway.data.table import ARROW, convert_by, field_of, require_columns
from slipway.settings import Card
from slipway.settings.data import TableSource


def unit_value(card: Card, written: str) -> pa.Scalar:
    """A unit as its column holds it.

    Raises:
        UsageError: it is none that the column could hold, or the rows have no unit of their own.
    """
    name = card.data.required("unit")
    column = card.data.columns[name]
    if column.made:
        # guard forget.unit
        raise UsageError(f"systems/{card.name}: each row is a unit of its own, by its place; name none")
    try:
        return pa.scalar(written).cast(ARROW[column.type])
    except pa.ArrowInvalid as error:
        raise UsageError(
            f"--unit: found {written!r}, expected a value of the column {name!r}, of type {column.type}"
        ) from error  # guard forget.unit


def in_source(card: Card, path: Path, unit: pa.Scalar) -> int:
    """The rows of a table, file or folder, by the conversion of ingestion.

    Raises:
        SlipwayError: it cannot be read.
    """
    import duckdb

    source = card.data.source
    if not isinstance(source, TableSource):
        return 0
    name = card.data.required("unit")
    fields = [field_of(card, name, card.data.columns[name])]
    with TemporaryDirectory() as folder:
        found = reader(source, path, [fields[0].source], Path(folder))
        require_columns(fields, found, path)
        try:
            with connect(Path(folder)) as connection:
                connection.execute(convert_by(fields, found, source))
                query = f'SELECT count(*) FROM converted WHERE "{name}" = ?'  # noqa: S608 - the card's name
                [(rows,)] = connection.execute(query, [unit.as_py()]).fetchall()
        except duckdb.Error as error:
            raise found.refusal(path, error) from error
    return int(rows)


def in_object(card: Card, path: Path, unit: pa.Scalar) -> int:
    """The same of an object of DVC, which has no name that tells what it is; 0 where it is no such table."""
    if is_parquet(path):
        return in_parquet(path, card, unit)
    source = card.data.source
    if not isinstance(source, TableSource) or source.format == "parquet":
        return 0
    with path.open("rb") as file:
        packed = ".gz" if file.read(2) == b"\x1f\x8b" else ""
    with TemporaryDirectory() as folder:
        link = Path(folder) / f"object.{source.format}{packed}"
        link.symlink_to(path.absolute())
        try:
            return in_source(card, link, unit)
        except SlipwayError:
            return 0


def in_parquet(path: Path, card: Card, unit: pa.Scalar) -> int:
    """The rows of a Parquet file; 0 where it has no such column, or one that cannot hold the unit.

    Raises:
        SlipwayError: it cannot be read, so it is not known whether the unit is there.
    """
    name = card.data.required("unit")
    column = card.data.columns[name].source or name
    file = open_parquet(path)
    known = [one for one in dict.fromkeys((name, column)) if one in file.schema_arrow.names]
    if not known:
        return 0
    kind = file.schema_arrow.field(known[0]).type
    try:
        sought = unit.cast(kind.value_type if pa.types.is_dictionary(kind) else kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return 0  # a value that no row of this type has
    found = 0
    try:
        for batch in file.iter_batches(columns=known[:1]):
            values = batch.column(0)
            values = values.dictionary_decode() if pa.types.is_dictionary(kind) else values
            found += pc.sum(pc.equal(values, sought)).as_py() or 0
    except (pa.ArrowException, OSError) as error:
        raise SlipwayError(f"{path}: not a readable Parquet file: {str(error).splitlines()[0]}") from error
    return found


def is_parquet(path: Path) -> bool:
    """By its first bytes."""
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"
