"""`slipway train`: from versioned data to a version in staging, or a refusal."""

from typing import Annotated

import typer

from slipway.cli.console import Teller, out, print_json
from slipway.cli.lines import new_line
from slipway.cli.options import DataSize, Json, Revision, System
from slipway.training.fit import Scope


def train(
    system: System = None,
    size: DataSize = "full",
    revision: Revision = "WORKSPACE",
    baseline: Annotated[bool, typer.Option("--baseline", help="Train the baseline alone.")] = False,
    allow_refusal: Annotated[
        bool, typer.Option("--allow-refusal", help="End with 0 too where the gate keeps the incumbent.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Run the training pipeline: fetch, check, train, evaluate, gate, register or refuse."""
    from slipway.cli import jobs
    from slipway.records.checks import ways_out

    scope: Scope = "baseline" if baseline else "all"
    record = jobs.train(new_line(system, size), revision, scope, Teller(quiet=as_json))
    if as_json:
        print_json(record.model_dump_json())
    else:
        out.print(f"{record.decision}: {record.reason}", markup=False)
        for word, text in ways_out(record.checks):
            out.print(f"{word}: {text}", markup=False)
    compared = record.evaluation is not None  # else the data was refused, which somebody has to look at
    if not (allow_refusal and compared):
        jobs.raise_for(record)  # guard command.refused


def add(app: typer.Typer) -> None:
    """Add `slipway train` to the program."""
    app.command()(train)
