"""`slipway data`: the commands of the DVC stages in `dvc.yaml`, and all of them in order."""

import typer

from slipway.base.errors import Refused
from slipway.cli.options import DataSize, System
from slipway.settings import Card, Line
from slipway.settings.root import Project

app = typer.Typer(no_args_is_help=True, help="The stages that DVC runs, ingest, check and split; or all.")


@app.command()
def ingest(system: System = None, size: DataSize = "full") -> None:
    """Bring the source into canonical Parquet files."""
    from slipway.data.ingest import ingest_rows
    from slipway.data.versions import bring

    project, card = _open(system)
    bring(project, card.name)
    out = Line(project, card.name, size).data / "raw"
    ingest_rows(project, card, size, out)
    typer.echo(f"{card.name}: {out}")


@app.command()
def check(system: System = None, size: DataSize = "full") -> None:
    """Hold the ingested rows against the expectations; exit code 3 where a critical one fails."""
    from slipway.data.check import check_rows, require
    from slipway.data.parquet import ROWS
    from slipway.system import load_system

    project, card = _open(system)
    folder = Line(project, card.name, size).data
    extra = load_system(card.name, project.root).expectations(card)
    found = check_rows(card.name, card.task, extra, [folder / "raw" / ROWS], folder / "checks")
    for warning in found.failed_warning:
        typer.echo(f"warning: {warning}", err=True)
    docs = folder / "checks" / "docs.html"
    typer.echo(f"{card.name}: {found.evaluated} expectations evaluated, see {docs}")
    try:
        require(found)
    except Refused as error:
        raise Refused(f"{error} (Data Docs: {docs})") from error  # guard check.failed


@app.command()
def split(system: System = None, size: DataSize = "full") -> None:
    """Split the checked rows by time, without labels that came too late; refuses rows that did not pass."""
    from slipway.data.check import RESULT, read_summary, require, require_checked
    from slipway.data.parquet import ROWS
    from slipway.data.split import split_rows
    from slipway.records.labels import told
    from slipway.system import load_system

    project, card = _open(system)
    folder = Line(project, card.name, size).data
    # Two questions: how the checked rows did, and whether they are the rows that lie here.
    require(read_summary(folder / "checks" / RESULT))  # guard check.failed
    require_checked(folder / "checks" / RESULT, [folder / "raw" / ROWS])  # guard split.unchanged
    found, raw, out = load_system(card.name, project.root), folder / "raw", folder / "split"
    manifest = split_rows(card, found, size, raw, out, told=True)
    for name, part in manifest.parts.items():
        typer.echo(
            f"{name:>10}: {part.rows} rows, {told(part.labels)}, {part.start} to {part.end}; "
            f"labels known until {part.known_until}, {part.left_out} rows left out whose label came later, "
            f"{part.copies} as copies of a row of an earlier part"
        )


@app.command()
def reproduce(system: System = None, size: DataSize = "full") -> None:
    """Run the stages whose inputs changed, with DVC, and push what they made; 3 where the check refuses."""
    from slipway.data.versions import fingerprint, run_stages

    project, card = _open(system)
    ran = run_stages(Line(project, card.name, size))
    now = fingerprint(Line(project, card.name, size))
    typer.echo(f"{card.name} ({size}): {'made anew' if ran else 'nothing changed'}, fingerprint {now}")


def _open(system: str | None) -> tuple[Project, Card]:
    project = Project.find()
    return project, project.card(system)
