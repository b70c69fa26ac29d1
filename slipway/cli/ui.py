"""`slipway ui`: one page over all lines, as files that need no server."""

import json
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from slipway.base.provenance import now
from slipway.cli.console import Teller, out, print_json
from slipway.cli.lines import existing
from slipway.cli.options import AnySize, AnySystem, Json
from slipway.records.window import NEWEST
from slipway.settings.root import Project


def ui(
    system: AnySystem = None,
    size: AnySize = None,
    to: Annotated[
        Path | None, typer.Option("--to", help="Folder to build it in, replaced whole. Default: .slipway/ui.")
    ] = None,
    last: Annotated[
        int,
        typer.Option("--last", min=1, help="The newest so many decisions of each line, with their reports."),
    ] = NEWEST,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    as_json: Json = False,
) -> None:
    """Build one page: what is live, lineage, decisions with reports, problems; `make mlflow` has MLflow's."""
    from slipway.registry.versions import Registry
    from slipway.report.overview import pages, see
    from slipway.report.site import require_own, write_site

    project = Project.find()
    folder = to or project.state / "ui"
    require_own(folder)
    teller = Teller(quiet=as_json)
    with teller.doing("ui"):
        seen = []
        for line in existing(system, size):
            teller.line(f"looking at {line.name}")
            seen.append(see(Registry(line), last))
        write_site(folder, pages(project.settings.name, seen, now()))
    page = folder / "index.html"
    if as_json:
        print_json(json.dumps({"page": str(page)}))
    else:
        out.print(str(page), markup=False)
    if show:
        webbrowser.open(page.resolve().as_uri())


def add(app: typer.Typer) -> None:
    """Add `slipway ui` to the program."""
    app.command()(ui)
