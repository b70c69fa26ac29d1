"""`slipway new-system`: a first design card from a look at a table."""

from pathlib import Path
from typing import Annotated

import typer

from slipway.cli.console import Teller, out
from slipway.cli.options import Delimiter, Header, Positive, names_in
from slipway.settings.root import Project


def new_system(
    name: Annotated[str, typer.Argument(help="Its folder below systems/, such as churn.")],
    table: Annotated[
        Path, typer.Option("--from", help="CSV or TSV (gzip or not), Parquet, or a folder of one of them.")
    ],
    label: Annotated[
        str, typer.Option(help="Column with the outcome: two values, a number, or 3 to 50 classes.")
    ],
    time: Annotated[
        str | None, typer.Option(help="Column with the time of a row; without one, rows are shuffled.")
    ] = None,
    unit: Annotated[
        str | None, typer.Option(help="Column that says whose row it is; without one, each is its own.")
    ] = None,
    delay: Annotated[
        float | None,
        typer.Option(help="Hours from a row's time until its label is known; 0, the default: at once."),
    ] = None,
    positive: Positive = None,
    task: Annotated[
        str | None, typer.Option(help="binary, regression or multiclass, where the label may be either.")
    ] = None,
    depends: Annotated[
        bool | None,
        typer.Option(
            "--outcome-depends-on-answer/--no-outcome-depends-on-answer",
            help="Whether the label depends on the answer, as a click on what is shown; by default not.",
        ),
    ] = None,
    header: Header = None,
    delimiter: Delimiter = None,
    time_format: Annotated[
        str | None,
        typer.Option(help="How times are written, such as %d/%m/%Y or epoch_ms; ISO 8601 needs none."),
    ] = None,
) -> None:
    """Look at a table and write a system for it: design card, checks, features, a test."""
    from slipway.starter.choices import Choices
    from slipway.starter.start import Asked, new_system
    from slipway.starter.summary import lines, next_steps

    project, teller = Project.find(), Teller()
    names = names_in(header)
    choices = Choices(label, time, unit, positive, delay, task, depends)
    asked = Asked(name, table, choices, names, time_format, delimiter)
    with teller.doing(f"new-system: {name}"):
        started = new_system(project, asked, teller.line)
    out.print()
    for line in lines(started.plan):
        out.print(line, markup=False)
    out.print(f"\nsystems/{name}/system.yaml is the design card. Next:\n")
    is_default = project.settings.default_system is None and not project.settings.systems
    for command in next_steps(started, is_default, (project.root / "Makefile").is_file()):
        out.print(f"    {command}", markup=False)


def add(app: typer.Typer) -> None:
    """Add `slipway new-system` to the program."""
    app.command("new-system")(new_system)
