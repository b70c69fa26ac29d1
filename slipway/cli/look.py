"""`slipway look`: a first look at a table, as one page."""

import webbrowser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from slipway.base.atomic import write_text
from slipway.base.errors import UsageError
from slipway.cli.console import Teller, out
from slipway.cli.options import Delimiter, Header, Positive, names_in

BEGINS = '<!doctype html>\n<html lang="en">\n<head>\n<meta name="generator" content="slipway look">'
"""Of a page that was written here."""


def look(
    table: Annotated[Path, typer.Argument(help="CSV or TSV (gzip or not), Parquet, or a folder of them.")],
    label: Annotated[str | None, typer.Option(help="Column with the outcome, shown over time.")] = None,
    time: Annotated[str | None, typer.Option(help="Column with the time of a row.")] = None,
    positive: Positive = None,
    header: Header = None,
    delimiter: Delimiter = None,
    time_format: Annotated[
        str | None, typer.Option(help="How times are written, such as %d/%m/%Y; ISO 8601 needs none.")
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", help="The page. Default: the table's name and .look.html, here.")
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Look at a table: types, missing values, distributions, the label over time; needs no project."""
    from slipway.starter.look import Asked
    from slipway.starter.look import look as seen
    from slipway.starter.look_page import page

    path = to or Path(f"{table.resolve().name}.look.html")
    _require_own(path)
    names = names_in(header)
    asked = Asked(table, label, time, positive, names, delimiter, time_format)
    with Teller().doing(f"look: {table}"), TemporaryDirectory() as folder:
        written = page(seen(asked, Path(folder)), label, time)
    write_text(path, written)
    out.print(str(path), markup=False)
    if show:
        webbrowser.open(path.resolve().as_uri())


def _require_own(path: Path) -> None:
    """Nothing but an earlier page is written over: a mistyped option must not cost somebody the table."""
    if not path.exists() and not path.is_symlink():
        return
    found = b"" if path.is_dir() else path.open("rb").read(len(BEGINS))
    if found != BEGINS.encode():
        raise UsageError(
            f"{path}: is there and no page of `slipway look`; name another: --to"
        )  # guard look.to


def add(app: typer.Typer) -> None:
    """Add `slipway look` to the program."""
    app.command()(look)
