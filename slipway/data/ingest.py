"""The source of a system's rows, generator or table, as one canonical Parquet file."""

from pathlib import Path

from slipway.base.atomic import whole_folder
from slipway.base.errors import SlipwayError
from slipway.data.parquet import ROWS, open_parquet
from slipway.data.table import write_table
from slipway.settings import Card, Size
from slipway.settings.data import GeneratorSource
from slipway.settings.root import Project


def ingest_rows(project: Project, card: Card, size: Size, out: Path) -> None:
    """Write `rows.parquet`, and `truth.parquet` where a generator knows it, to the folder `out`.

    Rows have the card's columns and types and are sorted by time, then request and option.

    Raises:
        SlipwayError: the source is not what the card says; nothing is written.
    """
    source = card.data.source
    with whole_folder(out) as folder:
        if isinstance(source, GeneratorSource):
            _generate(project, card, source, size, folder)
        else:
            table = project.source(card.name)
            write_table(card, source, table, source.rows.get(size), folder / ROWS)


def _generate(project: Project, card: Card, source: GeneratorSource, size: Size, folder: Path) -> None:
    from slipway.system import load_system

    rows = source.rows.get(size)
    if rows is None:
        raise SlipwayError(f"systems/{card.name}/system.yaml: data.source.rows has no {size!r}")
    load_system(card.name, project.root).generate(rows, source.seed, folder)
    found = open_parquet(folder / ROWS).schema_arrow.names
    # Only whether they are there; types and values are for the check.
    for name in card.data.columns:
        if name not in found:
            raise SlipwayError(f"systems/{card.name}/source: made no column {name!r}; made {found}")
