"""Options that several commands share."""

from typing import Annotated

import typer

from slipway.settings import Size

System = Annotated[
    str | None, typer.Option("--system", help="System to work on. Default: default_system of project.yaml.")
]
DataSize = Annotated[Size, typer.Option("--size", help="full: all rows; small: fewer, for a quick run.")]
LineSize = Annotated[
    Size | None,
    typer.Option("--size", help="Size of the line. Default: the only one, or the one decided on last."),
]
AnySize = Annotated[Size | None, typer.Option("--size", help="Lines of this size only. Default: all.")]
AnySystem = Annotated[str | None, typer.Option("--system", help="Lines of this system only. Default: all.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]
Revision = Annotated[
    str, typer.Option("--revision", help="Git revision to fetch data at; WORKSPACE is dvc.lock as it stands.")
]
Version = Annotated[
    int | None, typer.Option("--version", min=1, help="Version number. Default: the one in staging.")
]
Positive = Annotated[
    str | None,
    typer.Option("--positive", help="Values of the label that count as 1, such as yes, or 4,5."),
]
Header = Annotated[
    str | None,
    typer.Option("--header", help="Names of the columns, a,b,c, where the first line holds none."),
]
Delimiter = Annotated[
    str | None,
    typer.Option("--delimiter", help="What separates cells, such as ;, where it is no comma and no tab."),
]


def names_in(header: str | None) -> list[str] | None:
    """The names of columns that `--header` lists; None where it is not given."""
    return None if header is None else [one.strip() for one in header.split(",")]
