"""Options that several commands share."""

from typing import Annotated

import typer

from slipway.settings import Size

System = Annotated[
    str | None, typer.Option("--system", help="System to work on; default_system of project.yaml.")
]
DataSize = Annotated[Size, typer.Option("--size", help="Which rows: all, or the quick few.")]
LineSize = Annotated[
    Size | None,
    typer.Option("--size", help="Size of the line; the only one there is, or the one decided on last."),
]
AnySize = Annotated[Size | None, typer.Option("--size", help="Lines of this size only; of any.")]
AnySystem = Annotated[str | None, typer.Option("--system", help="Lines of this system only; of any.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]
Revision = Annotated[
    str, typer.Option("--revision", help="Git revision to fetch data at; WORKSPACE is dvc.lock as it stands.")
]
Version = Annotated[int | None, typer.Option("--version", min=1, help="Version number; the one in staging.")]
