"""`slipway migrate`: a project's systems to a newer layout, its registry to a server."""

from typing import Annotated

import typer

from slipway.cli.console import Teller, out
from slipway.settings.root import Project

commands = typer.Typer(
    no_args_is_help=True, help="Bring systems to a newer layout, or the registry to a server."
)


@commands.command()
def layout() -> None:
    """Bring systems of your own to where a newer template looks for them: source, lock, no dvc.yaml."""
    from slipway.update.migrate import migrate

    project, teller = Project.find(), Teller()
    with teller.doing("migrate"):
        lines = migrate(project, teller.line)
    for line in lines or ["nothing to move: all systems lie where they should"]:
        out.print(line, markup=False)
    if lines:
        out.print("look at it with `git status` and `dvc status`, then `git add --all` and commit")


@commands.command()
def registry(
    to: Annotated[str, typer.Option("--to", metavar="URI", help="Tracking URI of a server of MLflow's.")],
) -> None:
    """Carry the embedded registry to a server: numbers, aliases, records; killed, it goes on where it was."""
    from slipway.base.addresses import masked
    from slipway.cli.lines import possible
    from slipway.registry.migration import migrate
    from slipway.registry.versions import Registry

    teller = Teller()
    with teller.doing("migrate"):
        lines = [line for line in possible(None, None) if Registry(line).begun]
        found = {line.name: migrate(line, to, teller.line) for line in lines}
    for name, one in found.items():
        if one is None:
            out.print(f"{name}: carried already, and lives in {masked(to)} since", markup=False)
            continue
        carried = f"{one.runs:,} runs, {one.versions:,} versions and {one.records:,} records"
        out.print(f"{name}: {carried} are in {masked(to)}", markup=False)
    if not found:
        out.print("nothing to carry: the embedded registry is empty", markup=False)
        return
    left = Registry(lines[0], to).statements.relative_to(lines[0].project.root)
    out.print(
        f"nothing of it counts there before it is signed: copy {left} to a folder that Git has, and once it "
        "is merged run train.yml with `statements: FOLDER`; or have whoever is trusted by project.yaml run "
        f"`make sign-statements STATEMENTS={left}`. Then name the server in project.yaml: tracking_uri; the "
        "embedded registry stays as it is",
        markup=False,
    )


def add(app: typer.Typer) -> None:
    """Add `slipway migrate` to the program."""
    app.add_typer(commands, name="migrate")
