"""Options that several commands share."""

from typing import Annotated

import typer

from slipway.settings import Size

System = Annotated[
    str | None, typer.Option("--system", help="System to work on; default_system of project.yaml.")
]
DataSize = Annotated[Size, typer.Option("--size", help="Which rows: all, or the quick few.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]
Revision = Annotated[
    str, typer.Option("--revision", help="Git revision to fetch data at; WORKSPACE is dvc.lock as it stands.")
]
Version = Annotated[int | None, typer.Option("--version", min=1, help="Version number; the one in staging.")]
