"""`slipway gc` and `slipway forget`: what nothing needs any more, and the rows of one unit."""

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from slipway.base.strict import Strict
from slipway.cli.console import Teller, err, out, print_json
from slipway.cli.options import Json, System
from slipway.settings.root import Project
from slipway.storage.item import Told, told
from slipway.storage.marked import Marked
from slipway.storage.place import BEYOND, Place


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


class Found(Strict):
    """What `slipway forget --json` prints."""

    applied: bool
    places: list[Place]
    versions: list[Marked]
    beyond: list[str]


def forget(
    unit: Annotated[str, typer.Option("--unit", "--user", help="Value of the column with the role unit.")],
    system: System = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Remove what may be, mark versions, keep a signed record.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show every place with rows of one unit, and the versions that learned from it; with --apply, act."""
    from slipway.storage.forget import find, unit_of
    from slipway.storage.forget import forget as carry_out

    project = Project.find()
    whose, teller = unit_of(project, system, unit), Teller(quiet=as_json)
    with teller.doing("forget"):
        if apply:
            done = carry_out(whose, teller.line)
            places, versions = [*done.removed, *done.left], done.versions
        else:
            places, versions = find(whose)
    beyond = [*BEYOND, *_notes(project)]
    if as_json:
        print_json(Found(applied=apply, places=places, versions=versions, beyond=beyond).model_dump_json())
        return
    table = Table()
    table.add_column("where", overflow="fold")  # a path that is cut short is none
    for title in ("rows", "" if apply else "with --apply", "what to do, or why"):
        table.add_column(title)
    for one in places:
        table.add_row(escape(one.where), f"{one.rows:,}", one.deed, escape(one.how))
    out.print(table)
    for marked in versions:
        out.print(f"{marked.name} version {marked.number}: {marked.why}", markup=False)
    for note in beyond:
        out.print(f"not looked at: {note}", markup=False)
    if not apply:
        out.print(
            "nothing was changed; with --apply, what is `removed` is, and versions are marked", markup=False
        )


def _notes(project: Project) -> list[str]:
    from slipway.data.versions import remote_elsewhere

    notes = []
    if not project.embedded:
        notes.append(
            "the registry is shared: only what of it lies on this disk is looked at, its artifacts stay"
        )
    if (project.state / "registries").is_dir():
        notes.append("Bentos of the registry that MLFLOW_TRACKING_URI names are looked at; others' stay")
    if (project.root / ".dvc").is_dir() and (remote := remote_elsewhere(project)):
        notes.append(f"DVC's remote is {remote}: nothing there is touched, `dvc gc --cloud` does that")
    return notes


def _mb(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def add(app: typer.Typer) -> None:
    """Add `slipway gc` and `slipway forget` to the program."""
    app.command()(gc)
    app.command()(forget)
