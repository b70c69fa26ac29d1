"""`slipway plan`: what a rollout would do and could show, and how it would end; nothing is started."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.markup import escape
from rich.table import Table

from slipway.base.errors import SlipwayError, UsageError
from slipway.cli.console import Teller, err, out, print_json
from slipway.cli.lines import in_use
from slipway.cli.options import Json, LineSize, System, Version

if TYPE_CHECKING:
    from slipway.rollout.simulation import Tally
    from slipway.stages.plan import Planned

DRAWS = 200
OUTCOMES = {"promote": "promoted", "abort": "aborted", "inconclusive": "undecided"}
QUANTILES = (0.1, 0.5, 0.9)


def plan(
    system: System = None,
    size: LineSize = None,
    version: Version = None,
    simulate: Annotated[
        bool, typer.Option("--simulate", help="Roll the card out many times in worlds of known answers.")
    ] = False,
    draws: Annotated[int, typer.Option("--draws", min=1, help="How many times, in each world.")] = DRAWS,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed is the same table.")] = 0,
    to: Annotated[
        Path | None,
        typer.Option(help="Where the plot goes, .svg or .png. Default: a file in .slipway/plans/."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what a rollout would do, and after how many requests and days it can decide; starts nothing."""
    from slipway.rollout.plan import require_hope
    from slipway.stages.plan import planned

    line, teller = in_use(system, size), Teller(quiet=as_json)
    form = _form(to)
    with teller.doing("plan"):
        found = planned(line, version, _warn)
    if not as_json:
        _show(found)
    tallies, drawing = _simulated(found, draws, seed, teller, to, form) if simulate else ([], None)
    if as_json:
        print_json(json.dumps(_as_json(found, tallies, drawing)))
    elif tallies:
        _show_tallies(found, tallies, draws)
        out.print(f"plot: {drawing}", markup=False)
    require_hope(line.card, found.prospects)  # guard rollout.hopeless


def _form(to: Path | None) -> Literal["svg", "png"]:
    if to is None or to.suffix == ".svg":
        return "svg"
    if to.suffix != ".png":
        raise UsageError(f"--to: found {to}, expected a name that ends in .svg or .png")  # guard plan.to
    return "png"


def _warn(error: SlipwayError) -> None:
    err.print(f"warning: {error}", markup=False)


def _show(found: "Planned") -> None:
    from slipway.rollout.power import POWER

    line = found.line
    tried = "no version to try" if found.version is None else f"version {found.version}"
    live = "nothing live" if found.stable is None else f"version {found.stable}"
    out.print(f"{line.name}: {tried} against {live}", markup=False)
    for text in found.lines:
        out.print(text, markup=False)
    table = Table("check", "power", f"requests for {POWER:g}", "time", title="what it can show to be good")
    for one in found.prospects:
        least = "at least " if one.worst else ""
        table.add_row(one.code, f"{least}{one.power:.2f}", *_size(one.requests, found.basis.per_day))
    out.print(table)
    for one in found.prospects:
        out.print(f"{one.code}: if {one.assumed}", markup=False)


def _size(requests: int | None, per_day: float | None) -> tuple[str, str]:
    """Requests, and the time that they take, as far as either is known."""
    from slipway.rollout.prospects import in_days

    if requests is None:
        return "no number", "-"
    return f"{requests:,}", "-" if per_day is None else in_days(requests / per_day)


def _simulated(
    found: "Planned", draws: int, seed: int, teller: Teller, to: Path | None, form: Literal["svg", "png"]
) -> "tuple[list[Tally], Path]":
    """The tallies, and where their plot is."""
    from slipway.base.atomic import whole_file
    from slipway.report.plots import simulation
    from slipway.rollout.plan import requests_needed
    from slipway.rollout.prospects import in_days
    from slipway.stages.plan import simulate

    line = found.line

    def tell(done: int, total: int) -> None:
        # Ten lines where there is no bar that moves.
        if 10 * done // total > 10 * (done - 1) // total:
            teller.line(f"{done:,} of {total:,} rollouts: simulated")

    with teller.doing(f"simulating {draws:,} rollouts in each world"):
        tallies = simulate(found, draws, seed, tell)
    path = to or line.project.state / "plans" / f"{line.name}.svg"
    path.parent.mkdir(parents=True, exist_ok=True)
    title = f"{line.system} ({line.size}): {draws:,} simulated rollouts in each world"
    whole, per_day = requests_needed(line.card.rollout), found.basis.per_day
    takes = "" if per_day is None else in_days(whole / per_day)
    drawn = simulation(title, tallies, whole, takes, form)
    with whole_file(path) as aside:
        aside.write_bytes(drawn)
    return tallies, path


def _show_tallies(found: "Planned", tallies: "list[Tally]", draws: int) -> None:
    ends = Table("world", *OUTCOMES.values(), title=f"how {draws:,} rollouts end (95 % intervals)")
    sizes = Table(
        "world", *(f"{share:.0%}" for share in QUANTILES), "median time", title="requests until they end"
    )
    for tally in tallies:
        name = escape(tally.world)
        rates = [tally.rate(outcome) for outcome in OUTCOMES]
        ends.add_row(
            name, *(f"{rate.value:.0%} ({100 * rate.low:.0f} to {100 * rate.high:.0f})" for rate in rates)
        )
        after = [tally.requests(share) for share in QUANTILES]
        sizes.add_row(
            name, *(f"{one:,}" for one in after), _size(tally.requests(0.5), found.basis.per_day)[1]
        )
    out.print(ends)
    out.print(sizes)
    for tally in tallies:
        if tally.obstacle is not None:
            out.print(f"{tally.world}: most often in the way of promotion: {tally.obstacle}", markup=False)


def _as_json(found: "Planned", tallies: "list[Tally]", drawing: Path | None) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "system": found.line.system,
        "size": found.line.size,
        "version": found.version,
        "stable": found.stable,
        "plan": found.lines,
        "requests_per_day": found.basis.per_day,
        "checks": [asdict(one) for one in found.prospects],
        "simulation": [
            {
                "world": tally.world,
                "rollouts": len(tally.ends),
                **{word: tally.rate(outcome).model_dump() for outcome, word in OUTCOMES.items()},
                "requests": {f"{share:g}": tally.requests(share) for share in QUANTILES},
                "in_the_way": tally.obstacle,
            }
            for tally in tallies
        ],
        "plot": None if drawing is None else str(drawing),
    }


def add(app: typer.Typer) -> None:
    """Add `slipway plan` to the program."""
    app.command()(plan)
