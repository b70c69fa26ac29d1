"""`slipway migrate`: systems of an older layout, moved to where the template looks for them."""

import typer

from slipway.cli.console import Teller, out
from slipway.settings.root import Project


def migrate() -> None:
    """Bring systems of your own to where a newer template looks for them: source, lock, no dvc.yaml."""
    from slipway.update.migrate import migrate

    project, teller = Project.find(), Teller()
    with teller.doing("migrate"):
        lines = migrate(project, teller.line)
    for line in lines or ["nothing to move: all systems lie where they should"]:
        out.print(line, markup=False)
    if lines:
        out.print("look at it with `git status` and `dvc status`, then `git add --all` and commit")


def add(app: typer.Typer) -> None:
    """Add `slipway migrate` to the program."""
    app.command()(migrate)
