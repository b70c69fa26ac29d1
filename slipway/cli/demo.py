"""`slipway demo`: the main job, from data to a canaried model."""

from typing import Literal

import typer

from slipway.base.errors import Refused, SlipwayError
from slipway.cli.console import Teller, out, print_json
from slipway.cli.lines import new_line
from slipway.cli.options import DataSize, Json, System
from slipway.evaluation.gate import UNREGISTERED
from slipway.records.decision import DecisionRecord
from slipway.settings import Line
from slipway.settings.root import Project


def demo(system: System = None, size: DataSize = "full", as_json: Json = False) -> None:
    """Reproduce the data, train, judge, canary and promote; say what was decided and why."""
    from slipway.cli import jobs
    from slipway.cli.unchanged import inputs_of, last_decision, remember
    from slipway.data.versions import run_stages
    from slipway.registry.versions import Registry

    line, teller = new_line(system, size), Teller(quiet=as_json)
    # Before any data is made: a demo would move aliases of a registry that others use.
    Registry(line).require_movable()  # guard registry.embedded
    _ready(line.project, teller)
    with teller.doing(f"dvc repro: data of {line.system} ({size})"):
        run_stages(line)
    # `live` settles a killed move, which may change what `last_decision` compares with.
    inputs, live = inputs_of(line), jobs.live(line, teller)
    if record := last_decision(line, inputs):
        teller.line("Nothing changed since the last run: same data, same code, same design card.")
        summarise(line, record, as_json)
        return
    if not live:
        teller.line("Nothing is in production: the baseline goes first.")
        record = _decide(line, "baseline", teller)
        if record.decision != "first":  # else the candidate, never compared, would be the first
            summarise(line, record, as_json)
            raise Refused(f"the baseline did not go to production: {record.reason}")  # guard demo.baseline
    record = _decide(line, "all", teller)
    remember(line, inputs, record)
    summarise(line, record, as_json)


def _ready(project: Project, teller: Teller) -> None:
    """Say what is missing before anything fails late."""
    from slipway.doctor import diagnose

    findings = [(one, f"{one.name}: {one.found}; {one.hint}") for one in diagnose(project) if not one.ok]
    if missing := [text for one, text in findings if one.missing]:
        raise SlipwayError("this machine is not ready: " + " | ".join(missing))  # guard demo.ready
    for _, text in findings:
        teller.line(f"warning: {text}")


def _decide(line: Line, scope: Literal["all", "baseline"], teller: Teller) -> DecisionRecord:
    """Train and, if the gate lets it through, roll out; returns the last record."""
    from slipway.cli import jobs
    from slipway.data.versions import WORKSPACE

    record = jobs.train(line, WORKSPACE, scope, teller)
    number = record.version or registered_already(record)
    return record if number is None else jobs.rollout(line, WORKSPACE, number, teller)


def registered_already(record: DecisionRecord) -> int | None:
    """The version whose bits a run has trained anew, where nothing else keeps them from a rollout."""
    twin = None if record.evaluation is None else record.evaluation.twin
    failed = [check.code for check in record.checks if check.refuses]
    return twin.version if twin is not None and twin.barred is None and failed == [UNREGISTERED] else None


def summarise(line: Line, record: DecisionRecord, as_json: bool) -> None:
    """Ten lines on what was decided and why, ways out of it, and where the report is; or the whole record."""
    if as_json:
        print_json(record.model_dump_json())
        return
    from slipway.records.checks import ways_out
    from slipway.registry.versions import Registry
    from slipway.report.summary import ten_lines

    report = Registry(line).artifact(record.run or "", "report.html")
    out.print()
    for word, text in (*ten_lines(record), *ways_out(record.checks), ("Report", str(report))):
        out.print(f"{word:<15} {text}", markup=False)


def add(app: typer.Typer) -> None:
    """Add `slipway demo` to the program."""
    app.command()(demo)
