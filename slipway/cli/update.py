"""`slipway update`: a newer version of the template, merged into the project."""

from typing import Annotated

import typer
from pydantic import TypeAdapter

from slipway.base.errors import SlipwayError
from slipway.cli.console import Teller, out, print_json
from slipway.cli.options import Json
from slipway.settings.root import Project


def update(
    to: Annotated[
        str | None,
        typer.Option(
            "--to", help="Tag, branch or commit of the template. Default: its newest release, if newer."
        ),
    ] = None,
    template: Annotated[
        str | None,
        typer.Option(
            "--template",
            help="Address of its repository. Default: where the project came from. Its hooks are run.",
        ),
    ] = None,
    signed: Annotated[
        bool, typer.Option("--signed", help="Only to a tag signed by a key that your Git trusts.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Merge a newer version of the template into this project; nothing is committed."""
    from slipway.update.merge import Update, merged
    from slipway.update.older import older

    project = Project.find()
    teller = Teller(quiet=as_json)
    with teller.doing("update"):
        found = merged(project.root, template, to, teller.line, signed)
    if as_json:
        print_json(TypeAdapter(Update).dump_json(found).decode())
    elif not found.changed and not found.conflicts:
        out.print(f"the template is at {found.after} already; nothing newer to merge")
    else:
        out.print(
            f"template {found.before} to {found.after}: {len(found.changed)} files changed, not committed"
        )
        for path in found.left:
            out.print(f"left as you have it: {path}", markup=False)
        if not found.conflicts:
            out.print("look at it with `git diff --staged`, run `make check` and `make test`, then commit")
    for one in older(project.root) if not as_json else []:
        out.print(f"systems/{one.name} is laid out as before; `slipway migrate layout` moves what is yours")
    # Last, as an error: what was merged is listed first.
    if found.conflicts:
        raise SlipwayError(
            f"{len(found.conflicts)} files have conflicts, marked by Git: {', '.join(found.conflicts)}; "
            "resolve and commit them, or take all of it back: git reset --hard"
        )


def add(app: typer.Typer) -> None:
    """Add `slipway update` to the program."""
    app.command()(update)
