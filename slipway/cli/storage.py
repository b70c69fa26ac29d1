"""`slipway gc`: what takes room on this disk, and what nothing needs any more."""

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from slipway.base.strict import Strict
from slipway.cli.console import Teller, err, out, print_json
from slipway.cli.options import Json
from slipway.settings.root import Project
from slipway.storage.item import Told, told


class Collected(Strict):
    """What `slipway gc --json` prints."""

    applied: bool
    classes: list[Told]
    notes: list[str]


def gc(
    apply: Annotated[bool, typer.Option("--apply", help="Remove it. Without, nothing is touched.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look, which is the default.")] = False,
    as_json: Json = False,
) -> None:
    """Show what nothing needs any more, class by class, with bytes; with --apply, remove it."""
    from slipway.storage.collect import collect
    from slipway.storage.look import look
    from slipway.storage.needs import needs

    if apply and dry_run:
        raise typer.BadParameter("--apply and --dry-run say two things")
    project = Project.find()
    teller = Teller(quiet=as_json)
    with teller.doing("gc"):
        found = collect(project, teller.line) if apply else look(project, needs(project))
    classes, notes = told(found), list(_notes(project))
    if as_json:
        print_json(Collected(applied=apply, classes=classes, notes=notes).model_dump_json())
        return
    table = Table("", "removed" if apply else "not needed", "", "kept", "", "what stays")
    for one in classes:
        table.add_row(
            one.name, f"{one.found:,}", _mb(one.bytes), f"{one.kept:,}", _mb(one.kept_bytes), escape(one.why)
        )
    out.print(table)
    for note in notes:
        err.print(note, markup=False)
    total = _mb(sum(one.bytes for one in classes))
    said = f"{total} removed" if apply else f"{total} would be removed; `slipway gc --apply` does it"
    out.print(said, markup=False)


def _notes(project: Project) -> list[str]:
    from slipway.data.versions import remote_elsewhere

    notes = []
    if not project.embedded:
        notes.append(
            "the registry is shared: of it only what lies on this disk is removed, its artifacts stay"
        )
    if (project.state / "registries").is_dir():
        notes.append("Bentos of the registry that MLFLOW_TRACKING_URI names are looked at; others' stay")
    if (project.root / ".dvc").is_dir() and (remote := remote_elsewhere(project)):
        notes.append(f"DVC's remote is {remote}: nothing there is touched, `dvc gc --cloud` does that")
    return notes


def _mb(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def add(app: typer.Typer) -> None:
    """Add `slipway gc` to the program."""
    app.command()(gc)
